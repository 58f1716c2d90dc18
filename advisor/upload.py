"""Check the file that a vendor's tuning service gets, as it would be read there, and say how large it is."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePath

from ..knowledge.messages import say
from ..rag.tokens import about_tokens

SHOWN = 5
"""Problems that are told of one file."""
FEWEST = 10
"""Services refuse fewer examples to learn from (evidence openai-supervised-tuning)."""


def upload_notes(prepared: Mapping[str, str]) -> list[str]:
    """Return what people should know of each file before they upload it.

    Args:
        prepared: Contents by path.
    """
    return [upload_note(name, content) for name, content in prepared.items()]


def upload_note(name: str, content: str) -> str:
    """Return what people should know of a file before they upload it: its size, and what would be refused.

    Args:
        name: As the plan names it.
        content: One conversation a line.
    """
    lines = content.split("\n")[:-1]  # texts may hold other line ends, which JSON leaves as they are
    lengths = [about_tokens(_texts(line)) for line in lines]
    size = {"bytes": len(content.encode()), "tokens": sum(lengths), "longest": max(lengths, default=0)}
    fewest = FEWEST if PurePath(name).stem == "train" else 0  # as few as one may choose the best state
    problems = [*islice(_problems(lines, fewest), SHOWN)]
    if not problems:
        return say("planning.upload", path=name, rows=len(lines), **size)
    return say("planning.upload_wrong", path=name, problems=say("planning.separator").join(problems))


def _problems(lines: list[str], fewest: int) -> Iterator[str]:
    if len(lines) < fewest:
        yield say("planning.upload_few", rows=len(lines), fewest=fewest)
    for number, line in enumerate(lines, start=1):
        roles = [turn["role"] for turn in json.loads(line)["messages"]]
        asked = roles[1:] if roles[:1] == ["system"] else roles
        if not asked or asked != ["user", "assistant"] * (len(asked) // 2):
            yield say("planning.upload_roles", line=number, roles=", ".join(roles))
        if not all(text.strip() for text in _texts(line)):
            yield say("planning.upload_empty", line=number)


def _texts(line: str) -> list[str]:
    return [turn["content"] for turn in json.loads(line)["messages"]]
