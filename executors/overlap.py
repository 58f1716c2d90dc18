"""Find test questions that training already asked: word for word, or nearly so."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

NEAR_DUPLICATE = 0.6
"""Character 4-gram Jaccard above which two questions count as nearly the same."""

NUMBERS = r"\d+(?:[.,:]\d+)*|(?<!\w)-(?=\d)|[+*/=<>^]|(?<=[a-z])#"
"""Numbers and signs, by which questions differ that have the same letters."""


@dataclass(frozen=True)
class Overlap:
    """Name two questions that are the same or nearly so, by their places.

    Attributes:
        test: Place of the test question.
        training: Place of the training question that is most like it.
        exact: Whether they differ in nothing but case, white space and punctuation, and are of the same numbers.
    """

    test: int
    training: int
    exact: bool


def four_grams(text: str) -> frozenset[str]:
    """Return the character 4-grams of a text."""
    return frozenset(text[start : start + 4] for start in range(max(1, len(text) - 3)))


def jaccard(left: Set[str], right: Set[str]) -> float:
    """Return the share of two sets' members that both have, 0 to 1."""
    return len(left & right) / len(left | right)


def find_overlaps(test: Sequence[str], training: Sequence[str]) -> list[Overlap]:
    """Return, for each test question that training asks too, the training question most like it.

    Two sets whose Jaccard similarity is above t share a member among the rarest |set| (1 - t) + 1 of each, so only
    questions that share a rare 4-gram are compared.

    Args:
        test: Test questions.
        training: Training questions.

    Source: Xiao et al. 2008, "Efficient Similarity Joins for Near Duplicate Detection" (PPJoin), section 3 (prefix
        filtering).
    """
    asked, learnt = [four_grams(_plain(text)) for text in test], [four_grams(_plain(text)) for text in training]
    counts = Counter(gram for grams in learnt for gram in grams)
    holding: dict[str, list[int]] = {}
    for place, grams in enumerate(learnt):
        for gram in _rarest(grams, counts):
            holding.setdefault(gram, []).append(place)
    overlaps = []
    for place, grams in enumerate(asked):
        near = {other for gram in _rarest(grams, counts) for other in holding.get(gram, ())}
        found = {other: jaccard(grams, learnt[other]) for other in near}
        same = {other for other, likeness in found.items() if likeness == 1 and _is_same(test[place], training[other])}
        best = max(found, key=lambda other: (found[other], other in same, -other), default=None)
        if best is not None and found[best] > NEAR_DUPLICATE:
            overlaps.append(Overlap(place, best, exact=best in same))
    return overlaps


def _is_same(left: str, right: str) -> bool:
    """Tell whether two questions are one: 1 + 23 is not 12 + 3, 2.5 not 25, and C++ not C."""
    numbers = [re.findall(NUMBERS, text.casefold()) for text in (left, right)]
    return _plain(left) == _plain(right) and numbers[0] == numbers[1]


def _plain(text: str) -> str:
    """Return a question without what does not make it another one: case, white space, punctuation."""
    return re.sub(r"[\W_]+", "", text.casefold()) or text.strip()


def _rarest(grams: Set[str], counts: Mapping[str, int]) -> list[str]:
    kept = len(grams) - math.ceil(NEAR_DUPLICATE * len(grams)) + 1
    return sorted(grams, key=lambda gram: (counts[gram], gram))[:kept]
