"""Priors: how often each answer is given, to ask first for what is likely to matter."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from .load import load
from .question import Question
from .record import Record

OPEN = "open"
"""Counts the cases that don't state the answer. They say nothing of it, so each option is as likely in them: those who
publish state what stands out in their case, so that counting only what they state would make the unusual usual."""

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
    """Return the share of each answer to a question, adding up to 1.

    Args:
        field: A question with options; one that no case answers gives each option the same share.
    """
    options = [option.value for option in load(Question)[field].option]
    counts: Counter[str] = Counter()
    for prior in load(Prior).values():
        counts.update(prior.answers.get(field, {}))
    even = 1 / len(options)
    total = counts.total() or 1
    unsaid = counts[OPEN] if counts else total
    shares = {option: (counts[written(option)] + unsaid * even) / total for option in options}
    return {option: (1 - EVEN_SHARE) * share + EVEN_SHARE * even for option, share in shares.items()}


def written(option: object) -> str:
    """Return an option's value as knowledge files write it as a key."""
    return str(option).lower() if isinstance(option, bool) else str(option)
