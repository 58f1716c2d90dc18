"""Profiles by the thousand: one JSON object per line, answers at the top or under ``profile``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..knowledge.messages import say
from ..knowledge.yaml_file import read_text


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield each line's number, and its answers or what is wrong with it; empty lines are skipped.

    Raises:
        UserError: The file cannot be read.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, _answers(line)


def _answers(line: str) -> dict[str, Any] | str:
    try:
        document = json.loads(line)
    except json.JSONDecodeError as error:
        return say("advice.bad_json", problem=error.msg)
    if not isinstance(document, dict):
        return say("advice.not_an_object")
    profile = document.get("profile")
    if isinstance(profile, dict):
        return {"id": document.get("id"), **profile}
    return document
