"""Answers that are JSON objects: which keys they have."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST_KEYS = 20
"""More keys than this are no form that an instruction can show."""


def json_objects(answers: Sequence[str]) -> list[dict[str, Any]]:
    """Return the answers as JSON objects; empty where one of them is none."""
    found = [_object(answer) for answer in answers]
    return [] if None in found else [each for each in found if each is not None]


def json_outline(objects: Sequence[Mapping[str, Any]], listed: Mapping[str, Sequence[str]]) -> str:
    """Return an object with the keys that most answers have; empty where they have few in common, or very many.

    Args:
        objects: The answers.
        listed: The values of fields that have few, which are written out.
    """
    names = dict.fromkeys(name for each in objects for name in each)
    shared = [name for name in names if 2 * sum(name in each for each in objects) > len(objects)]
    if not 0 < len(shared) <= MOST_KEYS:
        return ""
    return "{" + ", ".join(f"{_text(name)}: {_blank(listed.get(name))}" for name in shared) + "}"


def _object(answer: str) -> dict[str, Any] | None:
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _blank(values: Sequence[str] | None) -> str:
    return "/".join(map(_text, values)) if values else "…"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
