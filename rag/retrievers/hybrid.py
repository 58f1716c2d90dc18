"""Rank by words and by vectors at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import Ranker, Ranking

if TYPE_CHECKING:
    from . import Allowed

DAMPING = 60  # the constant of the method; its paper finds the result hardly depends on it
DEPTH = 100  # how far down each ranking counts


class Retriever:
    """Fuse two rankings by reciprocal rank; the scores say nothing beyond the order.

    Args:
        lexical: The ranking that counts 1.
        near: The other ranking.
        weight: How much it counts, above 0; below 1 it only reorders what the first one found.

    Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet, SIGIR 2009.
    """

    def __init__(self, lexical: Ranker, near: Ranker, weight: float = 1.0) -> None:
        self._lexical, self._near, self._weight = lexical, near, weight

    def rank(self, questions: Sequence[str], count: int, allowed: "Allowed | None" = None) -> list[Ranking]:
        """Return for each question at most ``count`` chunks that are ranked, best first."""
        depth = max(count, DEPTH)
        by_words = self._lexical.rank(questions, depth, allowed)
        by_vectors = self._near.rank(questions, depth, allowed)
        pairs = zip(by_words, by_vectors, strict=True)
        return [fuse(lexical, near, self._weight)[:count] for lexical, near in pairs]


def fuse(lexical: Ranking, near: Ranking, weight: float = 1.0) -> Ranking:
    """Return ranked chunks by the weighted sum of ``1 / (DAMPING + rank)``, equal ones in the order of their positions.

    Args:
        lexical: The ranking that counts 1.
        near: The other ranking.
        weight: How much it counts, above 0; below 1 it only reorders what the first one found.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for rank, (place, _) in enumerate(lexical, start=1):
        scores[place] += 1.0 / (DAMPING + rank)
    for rank, (place, _) in enumerate(near, start=1):
        if weight >= 1 or place in scores:
            scores[place] += weight / (DAMPING + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
