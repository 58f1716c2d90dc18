"""Labels as people call them."""

from .load import load
from .messages import say
from .method import MethodCard


def title_of(label: str) -> str:
    """Return a label in words, such as ``RAG + fine-tuning (LoRA)``."""
    path, _, variant = label.partition(":")
    title = say(f"advice.path.{path.replace('+', '_')}")
    return say("advice.with_variant", path=title, variant=variant_title(variant)) if variant else title


def variant_title(variant: str) -> str:
    """Return the second part of a label in words, such as ``LoRA`` or ``with some examples``."""
    card = load(MethodCard).get(variant)
    return str(card.title) if card else say(f"advice.variant.{variant}")
