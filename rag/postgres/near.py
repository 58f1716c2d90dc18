"""Rank by the nearness of vectors inside the database."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..embedders import Embedder
from ..filters import Where
from ..manifest import StructureEntry
from ..retrievers import Nearness, Ranking
from ..retrievers.dense import EXACT_ROWS, embedded, mean_vector, spread
from ..structures import candidates
from .connection import Session
from .corpus import LOCATED, condition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PLACED = """
WITH nearest AS (
    {found}
)
SELECT d.first_chunk + c.number AS place, n.score
FROM nearest n JOIN chunks c ON c.id = n.chunk JOIN documents d ON d.id = c.document
WHERE n.score > 0 ORDER BY n.score DESC, place LIMIT $2
"""
_EXACT = """SELECT chunk, (- (embedding <#> $1::real[]::vector))::real AS score FROM vectors {chosen}
    ORDER BY score DESC FETCH FIRST $2 ROWS WITH TIES"""
_GRAPH = """SELECT chunk, (- (embedding <#> $1::real[]::vector))::real AS score FROM (
        SELECT chunk, embedding FROM vectors {chosen}
        ORDER BY embedding::halfvec({dimension}) <#> $1::real[]::halfvec({dimension}) LIMIT $3
    ) proposed ORDER BY score DESC FETCH FIRST $2 ROWS WITH TIES"""
_CHOSEN = "WHERE chunk IN (SELECT c.id FROM documents JOIN chunks c ON c.document = documents.id WHERE {condition})"
_COSINES = f"""
SELECT p.place, (- (v.embedding <#> $2::real[]::vector))::real FROM {LOCATED} JOIN vectors v ON v.chunk = c.id
"""
_SPREAD_OVER = """
SELECT v.embedding::real[] FROM (
    SELECT c.id, row_number() OVER (ORDER BY documents.first_chunk + c.number) - 1 AS place
    FROM documents JOIN chunks c ON c.document = documents.id WHERE {condition}
) chosen JOIN vectors v ON v.chunk = chosen.id WHERE chosen.place = ANY($1::bigint[]) ORDER BY chosen.place
"""
_VECTORS = f"SELECT v.embedding::real[] FROM {LOCATED} JOIN vectors v ON v.chunk = c.id ORDER BY p.place"


class Retriever:
    """Score chunks by the cosine between their vector and the question's, -1 to 1.

    A graph of vectors of half precision proposes chunks, or all are compared in a small index; the score is always
    that of the full vectors.

    Attributes:
        embedder: Whose vectors these are.

    Args:
        session: In a transaction whose schema is that of the index' tables.
        entry: How the vectors are searched.
        embedder: Of the identity that embedded the chunks.
        chunks: Chunks of the index.
    """

    def __init__(self, session: Session, entry: StructureEntry, embedder: Embedder, chunks: int) -> None:
        self._session, self._entry, self.embedder, self._chunks = session, entry, embedder, chunks
        self._mean: NDArray[np.float32] | None = None

    def rank(self, questions: Sequence[str], count: int, allowed: Where | None = None) -> list[Ranking]:
        """Return for each question at most ``count`` nearest chunks, best first.

        A question that the embedder cannot read gets none, and so do chunks at a right angle or beyond.
        """
        vectors = embedded(self.embedder, questions)
        return [[] if vector is None else self._nearest(vector, count, allowed) for vector in vectors]

    def compare(
        self, questions: Sequence[str], known: Sequence[Sequence[int]], count: int, allowed: Where | None = None
    ) -> list[Nearness | None]:
        """Return for each question how near some chunks and the ``count`` nearest ones are to it.

        A question that the embedder cannot read gets None.
        """
        found: list[Nearness | None] = []
        middle = self._middle(allowed)
        for vector, places in zip(embedded(self.embedder, questions), known, strict=True):
            if vector is None:
                found.append(None)
                continue
            cosines: dict[int, float] = {}
            if places:
                cosines.update(
                    (place, score) for place, score in self._session.rows(_COSINES, list(places), vector.tolist())
                )
            if count:
                cosines.update(self._nearest(vector, count, allowed))
            found.append(Nearness(cosines, float(middle @ vector)))
        return found

    def _middle(self, allowed: Where | None) -> "NDArray[np.float32]":
        """Return the mean of some of the vectors, the ones that the ranking in a folder takes."""
        if allowed is not None:
            chosen, values = condition(allowed, 2)
            places = spread(self._count(allowed))
            return self._mean_of(self._session.rows(_SPREAD_OVER.format(condition=chosen), places, *values))
        if self._mean is None:
            self._mean = self._mean_of(self._session.rows(_VECTORS, spread(self._chunks)))
        return self._mean

    def _mean_of(self, rows: "Sequence[Sequence[Sequence[float]]]") -> "NDArray[np.float32]":
        import numpy as np

        vectors = np.array([row for (row,) in rows], dtype=np.float32).reshape(-1, self.embedder.dimension)
        return mean_vector(vectors)

    def _nearest(self, question: "NDArray[np.float32]", count: int, allowed: Where | None) -> Ranking:
        if self._entry.kind == "hnsw" and not self._few(allowed):
            ranking = self._followed(question, count, allowed)
            if len(ranking) == count:
                return ranking
        chosen, values = _chosen(allowed, 3)
        statement = _PLACED.format(found=_EXACT.format(chosen=chosen))
        return [(place, score) for place, score in self._session.rows(statement, question.tolist(), count, *values)]

    def _followed(self, question: "NDArray[np.float32]", count: int, allowed: Where | None) -> Ranking:
        """Follow the graph."""
        search_graph(self._session, self._entry.effort)
        chosen, values = _chosen(allowed, 4)
        statement = _PLACED.format(found=_GRAPH.format(chosen=chosen, dimension=self.embedder.dimension))
        rows = self._session.rows(statement, question.tolist(), count, candidates(count), *values)
        return [(place, score) for place, score in rows]

    def _few(self, allowed: Where | None) -> bool:
        """Say whether so few chunks are chosen that comparing all of them is faster."""
        return allowed is not None and self._count(allowed) <= EXACT_ROWS

    def _count(self, allowed: Where) -> int:
        chosen, values = condition(allowed, 1)
        (chunks,) = self._session.one(f"SELECT coalesce(sum(chunks), 0) FROM documents WHERE {chosen}", *values)
        return int(chunks)


def search_graph(session: Session, effort: int) -> None:
    """Set how broadly graphs are searched in this transaction."""
    session.run(f"SET LOCAL hnsw.ef_search = {effort}; SET LOCAL hnsw.iterative_scan = strict_order")


def _chosen(allowed: Where | None, first: int) -> tuple[str, list[str]]:
    if allowed is None:
        return "", []
    chosen, values = condition(allowed, first)
    return _CHOSEN.format(condition=chosen), values
