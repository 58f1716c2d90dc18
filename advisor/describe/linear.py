"""Linear models over cues, whose weights are whole numbers in a readable file; plain Python."""

import math
from collections.abc import Collection, Mapping
from typing import Protocol

FEWEST = 12
"""A text of fewer cues counts as one of so many, and nothing is supposed of it: two or three words prove little."""


class Linear(Protocol):
    """What weights hold, whatever they are of.

    Attributes:
        unit: What a weight of 1 stands for.
        constants: Of each regression.
        cues: For each cue pairs of a regression's place and its weight, one after the other.
    """

    @property
    def unit(self) -> float: ...  # noqa: D102
    @property
    def constants(self) -> list[int]: ...  # noqa: D102
    @property
    def cues(self) -> Mapping[str, list[int]]: ...  # noqa: D102


def log_odds(found: Collection[str], weights: Linear) -> list[float]:
    """Return the log-odds of each regression for a text with some cues."""
    sums = [0] * len(weights.constants)
    for cue in found:
        pairs = weights.cues.get(cue, [])
        for place, weight in zip(pairs[::2], pairs[1::2], strict=True):
            sums[place] += weight
    scale = weights.unit / math.sqrt(max(FEWEST, len(found)))
    return [constant * weights.unit + total * scale for constant, total in zip(weights.constants, sums, strict=True)]


def probability(odds: float) -> float:
    """Return the probability that log-odds stand for."""
    return 1 / (1 + math.exp(-odds))
