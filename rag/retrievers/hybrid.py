"""Rank by several rankings at once."""

from collections import defaultdict
from collections.abc import Sequence

from . import Ranker, Ranking

DAMPING = 60  # the constant of the method; its paper finds the result hardly depends on it
DEPTH = 100  # how far down each ranking counts


class Retriever:
    """Fuse rankings by reciprocal rank; the scores say nothing beyond the order.

    Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet, SIGIR 2009.
    """

    def __init__(self, parts: Sequence[Ranker]) -> None:
        self._parts = parts

    def rank(self, questions: Sequence[str], count: int) -> list[Ranking]:
        """Return for each question at most ``count`` chunks that any part ranks, best first."""
        rankings = [part.rank(questions, max(count, DEPTH)) for part in self._parts]
        return [fuse(each)[:count] for each in zip(*rankings, strict=True)]


def fuse(rankings: Sequence[Ranking]) -> Ranking:
    """Return all ranked chunks by the sum of ``1 / (DAMPING + rank)``, equal ones in the order of their positions."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (place, _) in enumerate(ranking, start=1):
            scores[place] += 1.0 / (DAMPING + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
