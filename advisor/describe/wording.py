"""What the wording of a description as a whole speaks for: points by label; why they are there says decision 0017.

The weights in ``knowledge/wording/`` were learnt from situations that were each judged on their own, by
``tests/benchmarks/train_wording.py``.
"""

import json
import re
from functools import cache
from typing import NamedTuple

from ...knowledge.load import KNOWLEDGE
from ...knowledge.text import is_chinese
from ..weighing import MOST
from .cues import cues
from .linear import FEWEST, log_odds
from .plain_text import plain_text

_WORD = re.compile(r"[a-z]+")
_ENDINGS = (
    "ations", "ation", "ings", "ing", "ments", "ment", "ers", "er", "ies", "ied", "es", "ed", "s", "ly", "e", "y",
)  # fmt: skip
_SHORTEST = 3


class Worded(NamedTuple):
    """Weights of one language.

    Attributes:
        unit: What a weight of 1 stands for.
        worth: Points per unit of log-odds: of paths, and of the variants of a path.
        labels: Of each regression: paths, and variants among those who take their path.
        constants: Of each regression.
        cues: For each cue pairs of a regression's place and its weight, one after the other.
    """

    unit: float
    worth: tuple[float, float]
    labels: list[str]
    constants: list[int]
    cues: dict[str, list[int]]


def wording(text: str) -> dict[str, int]:
    """Return the points that a text's wording gives to labels; none for a text of a few words.

    Args:
        text: The description as it was written.
    """
    found = worded_cues(text)
    if len(found) < FEWEST:
        return {}
    return points_of(found, read_worded("zh" if is_chinese(text) else "en"))


def points_of(found: frozenset[str], weights: Worded) -> dict[str, int]:
    """Return the points that some cues give to labels, without those of none."""
    points = {}
    every = log_odds(found, weights.unit, weights.constants, weights.cues)
    for label, odds in zip(weights.labels, every, strict=True):
        worth = weights.worth[":" in label]
        points[label] = max(-MOST, min(MOST, round(worth * odds)))
    return {label: value for label, value in points.items() if value}


def worded_cues(text: str) -> frozenset[str]:
    """Return the cues of a text and the stems of its English words, which are marked by ``~``."""
    return cues(text) | {f"~{_stem(word)}" for word in _WORD.findall(plain_text(text))}


@cache
def read_worded(language: str) -> Worded:
    """Return the weights of a language, ``zh`` or ``en``."""
    content = json.loads((KNOWLEDGE / "wording" / f"{language}.json").read_text(encoding="utf-8"))
    return Worded(**content)


def _stem(word: str) -> str:
    """Return an English word without its ending; a stemmer proper comes with retrieval only."""
    ending = next((one for one in _ENDINGS if word.endswith(one) and len(word) - len(one) >= _SHORTEST), "")
    return word.removesuffix(ending)
