"""Find test questions that training already asked: word for word, or nearly so."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .compact import compact

if TYPE_CHECKING:
    from array import array

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
    """Return, for each test question that training asks too, the training question most like it, of several the first.

    Memory grows with the side that has fewer questions; those of the other one are read one by one.

    Args:
        test: Test questions.
        training: Training questions.
    """
    few = len(test) <= len(training)
    kept = _Kept(test if few else training)
    best: dict[int, tuple[float, bool, int]] = {}
    for place, text in enumerate(training if few else test):
        grams, meaning = four_grams(_plain(text)), _meaning(text)
        numbers = kept.numbers(grams)
        for one, bound in kept.like(numbers, len(grams)):
            asked, learnt = (one, place) if few else (place, kept.places[one][0])
            before = best.get(asked, (NEAR_DUPLICATE, True, 1))
            if (bound, True, -learnt) > before:
                likeness = kept.likeness(one, numbers, len(grams))
                best[asked] = max(before, (likeness, kept.meanings[one] == meaning, -learnt))
    found = {asked: (-place, same) for asked, (_, same, place) in best.items() if place <= 0}
    if few:
        found = {place: near for one, near in found.items() for place in kept.places[one]}
    return [Overlap(place, learnt, same) for place, (learnt, same) in sorted(found.items())]


class _Kept:
    """Keep the questions of one side as numbers of their 4-grams, the rarest first; the same ones once.

    Two sets whose Jaccard similarity is above t share a member among the rarest |set| (1 - t) + 1 of each, so only
    these lead to a question. What two sets share from some place on is no more than is left of each.

    Source: Xiao et al. 2008, "Efficient Similarity Joins for Near Duplicate Detection" (PPJoin), sections 3 (prefix
        filtering) and 4.1 (positional filtering).

    Attributes:
        meanings: By which each question is told from others, by its number here.
        places: Where it stands.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(gram for text in texts for gram in four_grams(_plain(text)))
        self._numbers: dict[str, int] = counts  # becomes their order; two tables would be as much again
        for number, gram in enumerate(sorted(counts, key=lambda gram: (counts[gram], gram))):
            self._numbers[gram] = number
        self._grams: list[array[int]] = []
        self._holding: dict[int, dict[int, list[int]]] = {}  # by 4-gram, then by how many 4-grams a question has
        self.places: list[list[int]] = []
        known: dict[tuple[str, ...], int] = {}
        for place, text in enumerate(texts):
            one = known.setdefault(_meaning(text), len(known))
            if one == len(self.places):
                grams = compact(sorted(self.numbers(four_grams(_plain(text)))))
                self._grams.append(grams)
                self.places.append([])
                for each in grams[: _leading(len(grams))]:
                    self._holding.setdefault(each, {}).setdefault(len(grams), []).append(one)
            self.places[one].append(place)
        self.meanings = list(known)

    def numbers(self, grams: Set[str]) -> set[int]:
        """Return the numbers of those 4-grams that a question here has."""
        return {self._numbers[gram] for gram in grams if gram in self._numbers}

    def like(self, numbers: Set[int], size: int) -> Iterator[tuple[int, float]]:
        """Yield each question that may be near to another one, once, and how like they are at most.

        Args:
            numbers: Of the other one's 4-grams that are known here.
            size: All 4-grams that it has; those that are not known are the rarest.
        """
        strange, seen = size - len(numbers), set[int]()
        for passed, gram in enumerate(sorted(numbers)[: max(0, _leading(size) - strange)], strange):
            for length, ones in self._holding.get(gram, {}).items():
                bound = _share(min(size - passed, length), size, length)
                if bound > NEAR_DUPLICATE:
                    fresh = [one for one in ones if one not in seen]
                    seen.update(fresh)
                    yield from ((one, bound) for one in fresh)

    def likeness(self, one: int, numbers: Set[int], size: int) -> float:
        """Return how like a question is to another one, 0 to 1."""
        grams = self._grams[one]
        return _share(len(numbers & set(grams)), size, len(grams))


def _share(both: int, size: int, other: int) -> float:
    """Return the share of two sets' members that both have, by the sizes."""
    return both / (size + other - both)


def _meaning(text: str) -> tuple[str, ...]:
    """Return what makes a question another one: 1 + 23 is not 12 + 3, 2.5 not 25, and C++ not C."""
    return _plain(text), *re.findall(NUMBERS, text.casefold())


def _plain(text: str) -> str:
    """Return a question without what does not make it another one: case, white space, punctuation."""
    return re.sub(r"[\W_]+", "", text.casefold()) or text.strip()


def _leading(size: int) -> int:
    """Return how many of a set's rarest members another one must share some of to be near."""
    return size - math.ceil(NEAR_DUPLICATE * size) + 1
