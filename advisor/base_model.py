"""The base model of a plan, and what is known about it without loading it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ..executors.estimate.architectures.find import architecture_of
from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.errors import UserError
from ..knowledge.find import find_model
from ..knowledge.messages import say


@dataclass(frozen=True)
class Base:
    """Describe the base model of a plan.

    Attributes:
        source: As the plan names it.
        why: The reason for it.
        config: Its config with transformers' key names; None when it cannot be read without fetching it.
        parameters: Number of its weights; None when unknown.
        family: What it is, as the estimator calls it, such as ``encoder``; empty when unknown.
        skipped: Models that suit better and do not fit, with what they need, for people.
    """

    source: str
    why: str
    config: dict[str, JsonValue] | None
    parameters: int | None
    family: str = ""
    skipped: tuple[str, ...] = ()


def describe(name: str, why: str) -> Base:
    """Return what is known about a model under one of its names.

    Args:
        name: ``builtin:NAME``, a folder, a hub id, ``modelscope:ID``, or a name of the catalogue.
        why: Why this one.

    Raises:
        UserError: It is none of these.
    """
    config, source = _local_config(name), name
    if config is None and name.startswith((".", "/", "~")):
        raise UserError(say("planning.no_model_folder", model=name), say("planning.no_model_folder_hint"))
    if config is None:
        try:
            card = find_model(name.removeprefix("modelscope:"))
        except UserError:
            if not can_be_loaded(name):
                raise
            return Base(source, why, None, None)
        config, source = card.config, name if "/" in name else card.hub_id
    return Base(source, why, config, *_sizes(config))


def source_from(folder: Path, source: str) -> str:
    """Return a model's source as a plan in some folder names it: a folder that is named from here, from there on."""
    place = Path(source)
    if place.is_absolute() or not (place / "config.json").is_file():
        return source
    return Path(os.path.relpath(place, folder)).as_posix()


def _local_config(name: str) -> dict[str, JsonValue] | None:
    folder = builtin_path(f"{name}_model") if name.startswith(BUILTIN) else Path(name).expanduser()
    path = folder / "config.json"
    if not path.is_file():
        return None
    config: dict[str, JsonValue] = json.loads(path.read_bytes())
    return config


def _sizes(config: dict[str, JsonValue]) -> tuple[int | None, str]:
    """Return the number of weights, and the family."""
    try:
        found = architecture_of(config)
    except UserError:  # a model that the estimator does not know; the plan says that nothing was estimated
        return None, ""
    return found.parameters, found.family


def can_be_loaded(name: str) -> bool:
    """Say whether a name can be a model's address: a hub id or a folder; a vendor's product name cannot."""
    if name.startswith((BUILTIN, "modelscope:")) or "/" in name or Path(name).is_dir():
        return True
    try:
        find_model(name)
    except UserError:
        return False
    return True
