"""Measure stretches of a text in tokens without cutting it."""

from bisect import bisect_left
from collections.abc import Sequence


class Ruler:
    """Count tokens between two offsets of one text.

    Args:
        starts: Where each token of the text begins, ascending.
    """

    def __init__(self, starts: Sequence[int]) -> None:
        self._starts = starts

    def count(self, start: int, end: int) -> int:
        """Return how many tokens begin in ``[start, end)``."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def advance(self, start: int, tokens: int, end: int) -> int:
        """Return the offset after the next ``tokens`` tokens from ``start``: beyond ``start`` and at most ``end``."""
        place = bisect_left(self._starts, start) + tokens
        stop = self._starts[place] if place < len(self._starts) else end
        return min(max(stop, start + 1), end)  # one character may be more tokens than were asked for
