"""Search with what comes after the ranking: reranking by a model that reads question and text together, and variety."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .filters import Where
from .index import Index
from .records import Hit
from .rerankers import Reranker
from .variety import varied

POOL = 30
"""Hits that are looked at before the best are taken. More of them cost a reranker time; see rag tune."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Choose how an index is searched.

    Attributes:
        top_k: Most hits, at least 1.
        where: Which documents may be found; all when None.
        reranker: Orders the best hits anew; the index' own order when None.
        diverse: Whether a hit counts less for repeating the ones before it.
    """

    top_k: int = 5
    where: Where | None = None
    reranker: Reranker | None = None
    diverse: bool = False

    def deeper(self, hits: int) -> "SearchOptions":
        """Return the same search for at least so many hits."""
        return replace(self, top_k=max(self.top_k, hits))


def search(index: Index, questions: Sequence[str], options: SearchOptions) -> list[list[Hit]]:
    """Return the hits of each question, best first; scores only order the hits of one question."""
    wider = options.reranker is not None or options.diverse
    found = index.search_many(questions, max(options.top_k, POOL) if wider else options.top_k, options.where)
    if options.reranker is not None:
        found = [_reranked(options.reranker, question, hits) for question, hits in zip(questions, found, strict=True)]
    if options.diverse:
        found = [varied(hits, options.top_k) for hits in found]
    return [hits[: options.top_k] for hits in found]


def _reranked(reranker: Reranker, question: str, hits: Sequence[Hit]) -> list[Hit]:
    scores = reranker.scores(question, [hit.text for hit in hits]) if hits else []
    order = sorted(range(len(hits)), key=lambda place: -scores[place])
    return [replace(hits[place], score=scores[place]) for place in order]
