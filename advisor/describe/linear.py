"""Linear models over cues, whose weights are whole numbers in a readable file; plain Python."""

import math
from collections.abc import Collection, Mapping, Sequence

FEWEST = 12
"""A text of fewer cues counts as one of so many, and nothing is supposed of it: two or three words prove little."""


def log_odds(
    found: Collection[str], unit: float, constants: Sequence[int], cues: Mapping[str, Sequence[int]]
) -> list[float]:
    """Return the log-odds of each regression for a text with some cues.

    Args:
        found: The cues of the text.
        unit: What a weight of 1 stands for.
        constants: Of each regression.
        cues: For each cue pairs of a regression's place and its weight, one after the other.
    """
    sums = [0] * len(constants)
    for cue in found:
        pairs = cues.get(cue, ())
        for place, weight in zip(pairs[::2], pairs[1::2], strict=True):
            sums[place] += weight
    scale = unit / math.sqrt(max(FEWEST, len(found)))
    return [constant * unit + total * scale for constant, total in zip(constants, sums, strict=True)]


def probability(odds: float) -> float:
    """Return the probability that log-odds stand for."""
    return 1 / (1 + math.exp(-odds))
