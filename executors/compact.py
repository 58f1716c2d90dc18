"""Hold whole numbers in four bytes each: a data set has millions, and in a list each takes ten times as much."""

from array import array
from collections.abc import Iterable


def compact(numbers: Iterable[int]) -> "array[int]":
    """Return numbers, each from -2 ** 31 to 2 ** 31 - 1, as tokens and places in texts are."""
    return array("i", numbers)
