"""Rank by words and by vectors at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Generic

from . import Choice, Lexical, Near, Ranking

DAMPING = 60  # the constant of the method; its paper finds the result hardly depends on it
DEPTH = 100  # how far down each ranking counts


class Retriever(Generic[Choice]):
    """Fuse two rankings by reciprocal rank; the scores say nothing beyond the order.

    Args:
        lexical: The ranking that counts 1.
        near: The other ranking.
        weight: How much it counts, above 0; below 1 it only reorders what the first one found.

    Source: Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet, SIGIR 2009.
    """

    def __init__(self, lexical: Lexical[Choice], near: Near[Choice], weight: float = 1.0) -> None:
        self._lexical, self._near, self._weight = lexical, near, weight

    def rank(self, questions: Sequence[str], count: int, allowed: Choice | None = None) -> list[Ranking]:
        """Return for each question at most ``count`` chunks that are ranked, best first."""
        depth = max(count, DEPTH)
        lexical = self._lexical.rank(questions, depth, allowed)
        if self._weight < 1:
            near = self._near.order(questions, [[place for place, _ in ranking] for ranking in lexical])
        else:
            near = self._near.rank(questions, depth, allowed)
        return [fuse(*pair, self._weight)[:count] for pair in zip(lexical, near, strict=True)]


def fuse(lexical: Ranking, near: Ranking, weight: float = 1.0) -> Ranking:
    """Return ranked chunks by the weighted sum of ``1 / (DAMPING + rank)``, equal ones in the order of their positions.

    Args:
        lexical: The ranking that counts 1.
        near: The other ranking.
        weight: How much it counts, above 0.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for counts, ranking in ((1.0, lexical), (weight, near)):
        for rank, (place, _) in enumerate(ranking, start=1):
            scores[place] += counts / (DAMPING + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
