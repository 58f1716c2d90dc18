"""Choose the base model of a plan, and read what is known about it without loading it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ..executors.estimate.architectures.find import architecture_of
from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.errors import UserError
from ..knowledge.find import find_model
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.model import ModelCard
from .device import Device
from .facts import FULL_BYTES, LORA_GB, QLORA_GB
from .profile import Profile
from .recommendation import Recommendation

LARGEST_DEFAULT = 9_000_000_000
"""Models of about 8 billion parameters are where most published fine-tuning experience lies (evidence lora-land)."""

LARGEST_ON_CPU = 600_000_000
"""More than this many parameters takes days instead of hours on a CPU."""

FREE_LICENCE = "Apache-2.0"
"""Commercial use without conditions (evidence article)."""

BYTES_PER_PARAMETER = {"full": FULL_BYTES, "qlora": QLORA_GB}
"""What training takes for each weight of the model; the other methods take what LoRA does."""


@dataclass(frozen=True)
class Base:
    """Describe the base model of a plan.

    Attributes:
        source: As the plan names it.
        why: The reason for it.
        config: Its config with transformers' key names; None when it cannot be read without fetching it.
        parameters: Number of its weights; None when unknown.
    """

    source: str
    why: str
    config: dict[str, JsonValue] | None
    parameters: int | None


def choose_base(profile: Profile, recommendation: Recommendation, named: str | None, device: Device) -> Base:
    """Return the model that the user names, that the profile wants, that was recommended, or a good start.

    Args:
        profile: Its base model, language and licence needs decide.
        recommendation: Its model is taken where the profile names none.
        named: What the user asks for in so many words: a hub id, ``builtin:tiny``, a folder, a name of the catalogue.
        device: Where it will run; without a GPU only small models are proposed.
    """
    if named is not None:
        return describe(named, say("planning.model_named"))
    if profile.base_model is not None and _can_be_loaded(profile.base_model):
        return describe(profile.base_model, say("planning.model_of_profile"))
    if recommendation.model is not None and device.has_gpu:
        return describe(recommendation.model, say("planning.model_recommended"))
    card = next(_starts(profile, _largest(recommendation, device)), None)
    if card is None:
        raise UserError(say("planning.no_model"), say("planning.no_model_hint"))
    reason = say("planning.model_start", title=card.title, licence=card.licence)
    if profile.base_model is not None:
        reason = say("planning.model_instead", name=profile.base_model) + reason
    return describe(card.id, reason)


def describe(name: str, why: str) -> Base:
    """Return what is known about a model under one of its names.

    Args:
        name: ``builtin:NAME``, a folder, a hub id, ``modelscope:ID``, or a name of the catalogue.
        why: Why this one.
    """
    config, source = _local_config(name), name
    if config is None:
        try:
            card = find_model(name.removeprefix("modelscope:"))
        except UserError:
            if not _can_be_loaded(name):
                raise
            return Base(source, why, None, None)
        config, source = card.config, name if "/" in name else card.hub_id
    return Base(source, why, config, _parameters(config))


def _local_config(name: str) -> dict[str, JsonValue] | None:
    folder = builtin_path(f"{name}_model") if name.startswith(BUILTIN) else Path(name).expanduser()
    path = folder / "config.json"
    if not path.is_file():
        return None
    config: dict[str, JsonValue] = json.loads(path.read_bytes())
    return config


def _parameters(config: dict[str, JsonValue]) -> int | None:
    try:
        return architecture_of(config).parameters
    except UserError:  # a model that the estimator does not know; the plan says that nothing was estimated
        return None


def _can_be_loaded(name: str) -> bool:
    """Say whether a name can be a model's address: a hub id or a folder; a vendor's product name cannot."""
    if name.startswith((BUILTIN, "modelscope:")) or "/" in name or Path(name).is_dir():
        return True
    try:
        find_model(name)
    except UserError:
        return False
    return True


def _largest(recommendation: Recommendation, device: Device) -> float:
    """Return the most parameters that a proposed model may have."""
    if not device.has_gpu:
        return LARGEST_ON_CPU
    if device.memory_bytes is None:
        return LARGEST_DEFAULT
    return min(LARGEST_DEFAULT, device.memory_bytes / BYTES_PER_PARAMETER.get(recommendation.variant or "", LORA_GB))


def _starts(profile: Profile, largest: float) -> Iterator[ModelCard]:
    """Yield decoders under a free licence that know the language, the largest first."""
    wanted = {"zh", "en"} if profile.language in (None, "multi") else {profile.language}
    cards = sorted(load(ModelCard).values(), key=lambda card: (-card.parameters, card.id))
    for card in cards:
        usable = card.architecture == "decoder" and card.licence == FREE_LICENCE and card.parameters <= largest
        if usable and wanted <= {*card.languages}:
            yield card
