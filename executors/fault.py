"""What is wrong with a row of data: where, what kind, in words, and what to do."""

from dataclasses import dataclass
from typing import Any

from ..knowledge.messages import say


@dataclass(frozen=True)
class Fault:
    """Hold one problem of a file.

    Attributes:
        line: Where it is in the file, from 1.
        kind: A stable word for scripts, such as ``empty_answer``.
        text: What is wrong, in the user's language.
        fix: What to do about it, in the user's language.
        serious: Whether the row cannot be learnt from; otherwise it is a warning.
    """

    line: int
    kind: str
    text: str
    fix: str
    serious: bool


WARNINGS = frozenset(
    [
        "duplicate",
        "contradiction",
        "too_long",
        "control_characters",
        "mojibake",
        "single_example",
        "near_test",
        "tag_order",
        "tag_numbers",
    ]
)
"""Kinds of problems that a row can be learnt from in spite of."""


def fault(line: int, kind: str, **values: Any) -> Fault:  # noqa: ANN401 - whatever the text of a kind names
    """Return a problem of some kind, in the user's language.

    Args:
        line: Where it is, from 1.
        kind: ``data.fault_KIND`` is its text, ``data.fix_KIND`` what to do.
        values: What the text names.
    """
    return Fault(line, kind, say(f"data.fault_{kind}", **values), say(f"data.fix_{kind}"), kind not in WARNINGS)
