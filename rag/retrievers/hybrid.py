"""Rank by words and by vectors at once."""

from collections.abc import Mapping, Sequence
from typing import Generic

from . import Choice, Lexical, Near, Nearness, Ranking

DEPTH = 100  # how far down each ranking proposes chunks


class Retriever(Generic[Choice]):
    """Fuse two scores; what comes out orders the hits of one question and means nothing beyond that.

    Each side proposes its best chunks, and both score all that were proposed.

    Args:
        lexical: The score that counts 1.
        near: The other score.
        weight: How much it counts, above 0; below 1 it only reorders what the first one found.

    Source: Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, 2022, arXiv 2210.11934: scaled
    scores, added, are better than reciprocal ranks. Measured in knowledge/decisions/0007-retrieval.md.
    """

    def __init__(self, lexical: Lexical[Choice], near: Near[Choice], weight: float = 1.0) -> None:
        self._lexical, self._near, self._weight = lexical, near, weight

    def rank(self, questions: Sequence[str], count: int, allowed: Choice | None = None) -> list[Ranking]:
        """Return for each question at most ``count`` chunks that are ranked, best first."""
        depth = max(count, DEPTH)
        lexical = self._lexical.rank(questions, depth, allowed)
        found = [[place for place, _ in ranking] for ranking in lexical]
        near = self._near.compare(questions, found, depth if self._weight >= 1 else 0, allowed)
        return [self._fused(*each)[:count] for each in zip(questions, lexical, near, strict=True)]

    def _fused(self, question: str, lexical: Ranking, near: Nearness | None) -> Ranking:
        words = dict(lexical)
        others = sorted(near.cosines.keys() - words.keys()) if near else []
        words.update(zip(others, self._lexical.scores(question, others), strict=True))
        return fuse(words, near, self._weight)


def fuse(words: Mapping[int, float], near: Nearness | None, weight: float = 1.0) -> Ranking:
    """Return chunks by the sum of both scores, equal ones in the order of their positions.

    Each score is scaled so that 1 is the best that was found, and 0 what a chunk has that has nothing to do with the
    question: no word of it, no vector, or no more than the cosine of any chunk. So neither depends on how many were
    found, and an embedder for which all texts lie close together counts as much as another.

    Args:
        words: The score that counts 1, by chunk.
        near: The cosines; None where the embedder cannot read the question.
        weight: How much they count, above 0.
    """
    most = max(words.values(), default=0.0) or 1.0
    scores = {place: score / most for place, score in words.items()}
    if near is not None and near.cosines:
        span = max(near.cosines.values()) - near.usual
        for place, cosine in near.cosines.items():
            scores[place] += weight * max(0.0, cosine - near.usual) / span if span > 0 else 0.0
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
