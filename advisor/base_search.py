"""Choose the base model of a plan: the best one that suits the case and whose training fits."""

from collections.abc import Callable
from dataclasses import replace

from ..knowledge.errors import UserError
from ..knowledge.label_text import variant_title
from ..knowledge.messages import say
from ..knowledge.model import ModelCard
from .base_model import Base, can_be_loaded, describe
from .device import Device
from .facts import LORA_GB
from .fitting import Wish, fit, size_text
from .model_choice import suitable_models
from .plan_refusals import has_what_is_trained
from .profile import Profile
from .recommendation import Recommendation

LARGEST_DEFAULT = 9_000_000_000
"""Models of about 8 billion parameters are where most published fine-tuning experience lies (evidence lora-land)."""

LARGEST_ON_CPU = 600_000_000
"""More than this many parameters takes days instead of hours on a CPU."""

TOLD = 2
"""Of the models that did not fit, this many are told; the rest are smaller and need not be known."""

WishOf = Callable[[Base], Wish]


def choose_base(
    profile: Profile, recommendation: Recommendation, named: str | None, device: Device, wish_of: WishOf | None
) -> Base:
    """Return the model that the user names, that the profile wants, that was recommended, or the best that fits.

    Args:
        profile: Its base model, language and licence needs decide.
        recommendation: Its model is taken where the profile names none.
        named: What the user asks for in so many words: a hub id, ``builtin:tiny``, a folder, a name of the catalogue.
        device: Where it will run; without a GPU only small models are proposed.
        wish_of: The training of a model; None where the plan trains none.
    """
    if named is not None:
        return describe(named, say("planning.model_named"))
    if profile.base_model is not None and can_be_loaded(profile.base_model):
        return describe(profile.base_model, say("planning.model_of_profile"))
    if recommendation.model is not None and device.has_gpu:
        return describe(recommendation.model, say("planning.model_recommended"))
    cards = suitable_models("llm", profile.language, _largest(device, trained=wish_of is not None))
    base = _first_that_fits(cards, wish_of)
    if profile.base_model is not None:
        base = replace(base, why=say("planning.model_instead", name=profile.base_model) + base.why)
    return base


def _first_that_fits(cards: list[ModelCard], wish_of: WishOf | None) -> Base:
    """Return the first model whose training fits with all measures of the ladder, or the smallest if none does."""
    skipped: list[str] = []
    for card in cards:
        base = describe(card.id, say("planning.model_start", title=card.title, licence=card.licence))
        wish = wish_of(base) if wish_of else None
        if wish is not None and not has_what_is_trained(wish.method, base):
            continue
        fitting = fit(wish) if wish else None
        if wish is None or fitting is None or fitting.fits is not False:
            return replace(base, skipped=tuple(skipped[:TOLD]))
        skipped.append(_does_not_fit(card, wish, fitting.needed_bytes or 0))
    if not cards:
        raise UserError(say("planning.no_model"), say("planning.no_model_hint"))
    smallest = min(cards, key=lambda card: card.parameters)
    return describe(smallest.id, say("planning.model_start", title=smallest.title, licence=smallest.licence))


def _does_not_fit(card: ModelCard, wish: Wish, needed_bytes: int) -> str:
    method = "qlora" if wish.quantisable and wish.method == "lora" else wish.method
    needed, available = size_text(needed_bytes), size_text(wish.memory_bytes or 0)
    return say(
        "planning.lost_model", title=card.title, method=variant_title(method), needed=needed, available=available
    )


def _largest(device: Device, *, trained: bool) -> float:
    """Return the most parameters that a proposed model may have; what is trained is tried out instead."""
    if not device.has_gpu:
        return LARGEST_ON_CPU
    if trained or device.memory_bytes is None:
        return LARGEST_DEFAULT
    return min(LARGEST_DEFAULT, device.memory_bytes / LORA_GB)
