"""Explain what can be advised: paths, their variants, and the words that advice is told with."""

from collections.abc import Iterator

from ..knowledge.label_text import title_of, variant_title
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.method import MethodCard
from ..knowledge.rule import Rule
from .explain_parts import bullets, heading, part
from .labels import PATHS, VARIANTS

#: What people call the terms that are explained.
TERMS = {
    "token": ("token", "tokens", "词元"),
    "gpu_memory": ("gpu_memory", "vram", "显存"),
}


def explainable_labels() -> Iterator[tuple[str, str]]:
    """Yield names with their labels: every path, and every variant that has no card of its own."""
    for path in PATHS:
        yield path, path
        for variant in VARIANTS[path]:
            if variant not in load(MethodCard):
                yield variant, f"{path}:{variant}"


def label_lines(label: str, width: int) -> Iterator[str]:
    """Yield what a label means, its variants, and the rules that speak for and against it."""
    path, _, variant = label.partition(":")
    yield heading("label", title_of(label), label)
    about = variant or path.replace("+", "_")
    yield part("summary", say(f"explanation.about.{about}"), width)
    variants = () if variant else VARIANTS[path]
    if variants:
        yield part("variants", "", width)
        yield from bullets((say("advice.named", name=name, text=variant_title(name)) for name in variants), width)
    for section, kinds in (("speaks_for", {"prefer", "require"}), ("speaks_against", {"avoid", "exclude"})):
        titles = [
            say("advice.named", name=rule.id, text=rule.title)
            for rule in load(Rule).values()
            if any(effect.kind in kinds and label in effect.labels for effect in rule.effect)
        ]
        if titles:
            yield part(section, "", width)
            yield from bullets(titles, width)


def term_lines(term: str, width: int) -> Iterator[str]:
    """Yield what a term means."""
    yield heading("term", say(f"explanation.term.{term}"), term)
    yield part("summary", say(f"explanation.term_text.{term}"), width)
