"""Priors: how often each answer is given, to ask first for what is likely to matter."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from .load import load
from .question import Question
from .record import Record

OPEN = "open"
"""Counts the cases in which the answer was not known."""

EVEN_SHARE = 0.25
"""So much of a prior takes all options as equally likely: those who ask need not be like those who publish."""


class Prior(Record):
    """Count the answers of some cases.

    Attributes:
        evidence: Where the cases stand.
        answers: Field -> answer, as its option's value is written -> number of cases.
    """

    folder: ClassVar[str] = "priors"

    evidence: tuple[str, ...]
    answers: dict[str, dict[str, int]]


@cache
def prior_of(field: str) -> Mapping[Any, float]:
    """Return the share of each answer to a question, adding up to 1; ``None`` is the answer of those who don't know.

    Args:
        field: A question with options; one that no case answers gives each option the same share.
    """
    options = [option.value for option in load(Question)[field].option]
    even: dict[Any, float] = {option: 1 / len(options) for option in options}
    counts: dict[str, int] = {}
    for prior in load(Prior).values():
        for answer, count in prior.answers.get(field, {}).items():
            counts[answer] = counts.get(answer, 0) + count
    if not counts:
        return even
    total = sum(counts.values())
    found = {option: counts.get(written(option), 0) / total for option in options} | {None: counts.get(OPEN, 0) / total}
    return {answer: (1 - EVEN_SHARE) * share + EVEN_SHARE * even.get(answer, 0) for answer, share in found.items()}


def written(option: object) -> str:
    """Return an option's value as knowledge files write it as a key."""
    return str(option).lower() if isinstance(option, bool) else str(option)
