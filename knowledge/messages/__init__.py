"""Everything people read, in Chinese and English, looked up by key.

Each file ``<area>.toml`` in this folder holds entries ``[key]`` with ``zh`` and ``en``. Code asks for
``say("area.key", value=...)`` and gets the text in the chosen language.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ..toml_folder import read_folder

Language = Literal["zh", "en"]

_LANGUAGES = set(get_args(Language))
_chosen: Language | None = None


def use_language(language: Language | None) -> None:
    """Choose the language of everything that ``say`` returns; None returns to the locale's."""
    global _chosen
    _chosen = language


def current_language() -> Language:
    """Return the chosen language, or the one the locale variables ask for, or English."""
    if _chosen is not None:
        return _chosen
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say everything in one language for the time of the block, such as a file's own language."""
    global _chosen
    before, _chosen = _chosen, language
    try:
        yield
    finally:
        _chosen = before


def say(key: str, /, **values: object) -> str:
    """Return the text of a message in the current language.

    Args:
        key: ``area.name``; the area is the file, the name the entry in it.
        values: What the placeholders ``{name}`` of the text stand for.

    Raises:
        KeyError: No such message. That is a defect, not a user's mistake.
    """
    return say_in(current_language(), key, **values)


def say_in(language: Language, key: str, /, **values: object) -> str:
    """Return the text of a message in one language, whatever the current one is."""
    area, _, name = key.partition(".")
    return _area(area)[name][language].format(**values)


@cache
def _area(area: str) -> Mapping[str, Mapping[Language, str]]:
    return _flatten(_areas()[area])


@cache
def _areas() -> Mapping[str, Mapping[str, Any]]:
    contents, problems = read_folder(Path(__file__).parent)
    assert not problems, problems
    return contents


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Mapping[Language, str]]:
    found: dict[str, Mapping[Language, str]] = {}
    for name, value in tree.items():
        assert isinstance(value, dict), name
        if value.keys() == _LANGUAGES:
            found[prefix + name] = value
        else:
            found |= _flatten(value, f"{prefix}{name}.")
    return found
