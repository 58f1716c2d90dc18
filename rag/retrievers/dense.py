"""Rank by the nearness of vectors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..columns import Column
from ..embedders import Embedder
from ..embedding import embed_batches
from ..gate import can_read
from ..manifest import StructureEntry
from ..structures import candidates, refined, search_parameters
from . import Nearness, Ranking, best

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from ..files import CheckedFile
    from . import Allowed

VECTORS, KEYS, STRUCTURE = "vectors.f32", "vectors.keys", "vectors.faiss"
_SPREAD = 256
EXACT_ROWS = 20_000  # so many chosen chunks are compared one by one rather than searched in the structure


class Retriever:
    """Score chunks by the cosine between their vector and the question's, -1 to 1.

    A FAISS structure of compressed vectors proposes chunks, or all are candidates in a small index; the score is
    always that of the uncompressed vectors. The structure is checked as a whole before its first use.

    Attributes:
        embedder: Whose vectors these are.

    Args:
        vectors: One row per chunk, of length 1, or 0 where the embedder cannot read the chunk.
        structure: The structure's file; None where all vectors are compared.
        entry: How to search it.
        embedder: Of the identity that embedded the chunks.
    """

    def __init__(
        self, vectors: Column, structure: "CheckedFile | None", entry: StructureEntry, embedder: Embedder
    ) -> None:
        self._vectors, self._file, self._entry, self.embedder = vectors, structure, entry, embedder
        self._opened: faiss.Index | None = None
        self._mean: NDArray[np.float32] | None = None

    @classmethod
    def load(cls, files: "Mapping[str, CheckedFile]", entry: StructureEntry, embedder: Embedder) -> "Retriever":
        """Return the retriever of an index' files."""
        vectors = Column(files[VECTORS], "<f4", embedder.dimension)
        return cls(vectors, None if entry.kind == "flat" else files[STRUCTURE], entry, embedder)

    def vectors_of(self, places: Sequence[int]) -> "NDArray[np.float32]":
        """Return the vectors of some chunks, shape ``(len(places), dimension)``; zeros where one was not read."""
        import numpy as np

        return self._vectors.take(np.array(places, dtype=np.int64))

    def rank(self, questions: Sequence[str], count: int, allowed: "Allowed | None" = None) -> list[Ranking]:
        """Return for each question at most ``count`` nearest chunks, best first.

        A question that the embedder cannot read gets none, and so do chunks at a right angle or beyond.
        """
        vectors = embedded(self.embedder, questions)
        return [[] if vector is None else _positive(self._nearest(vector, count, allowed)) for vector in vectors]

    def compare(
        self, questions: Sequence[str], known: Sequence[Sequence[int]], count: int, allowed: "Allowed | None" = None
    ) -> "list[Nearness | None]":
        """Return for each question how near some chunks are to it; None where the embedder cannot read the question.

        Args:
            questions: What is asked.
            known: Chunks that are compared, for each question.
            count: So many of the nearest chunks are compared, too.
            allowed: Which chunks may be among the nearest; every one when None.
        """
        found: list[Nearness | None] = []
        middle = self._middle(allowed)
        for vector, places in zip(embedded(self.embedder, questions), known, strict=True):
            if vector is None:
                found.append(None)
                continue
            cosines = dict(self._ordered(vector, places) if places else [])
            if count:
                cosines |= _positive(self._nearest(vector, count, allowed))
            found.append(Nearness(cosines, float(middle @ vector)))
        return found

    def _middle(self, allowed: "Allowed | None") -> "NDArray[np.float32]":
        """Return the mean of some of the vectors, spread over all that may be found."""
        import numpy as np

        if allowed is not None:
            chosen = np.flatnonzero(allowed)
            return mean_vector(self._vectors.take(chosen[spread(len(chosen))] if len(chosen) else chosen))
        if self._mean is None:
            self._mean = mean_vector(self._vectors.take(np.array(spread(len(self._vectors)))))
        return self._mean

    def _ordered(self, question: "NDArray[np.float32]", places: Sequence[int]) -> Ranking:
        import numpy as np

        rows = np.array(places, dtype=np.int64)
        vectors = self._vectors.take(rows)
        read = vectors.any(axis=1)
        return refined(vectors[read], question, rows[read], len(rows))

    def _nearest(self, question: "NDArray[np.float32]", count: int, allowed: "Allowed | None") -> Ranking:
        import numpy as np

        chosen = None if allowed is None else np.flatnonzero(allowed)
        if chosen is not None and len(chosen) <= EXACT_ROWS:
            return self._ordered(question, chosen.tolist())[:count]
        if (structure := self._structure()) is not None:
            parameters = search_parameters(self._entry, allowed)
            _, rows = structure.search(question[None], candidates(count), params=parameters)
            found = rows[0][rows[0] >= 0]
            if len(found) >= min(count, len(self._vectors) if chosen is None else len(chosen)):
                return refined(self._vectors.take(found), question, found, count)
        return self._compared(question, count, allowed)

    def _compared(self, question: "NDArray[np.float32]", count: int, allowed: "Allowed | None") -> Ranking:
        """Compare with every vector."""
        import faiss
        import numpy as np

        vectors = self._vectors.all()
        if allowed is None:
            kept = min(count, len(vectors))
            found, places = faiss.knn(question[None], vectors, kept, metric=faiss.METRIC_INNER_PRODUCT)
            order = np.lexsort((places[0], -found[0]))
            return [(int(places[0, place]), float(found[0, place])) for place in order]
        scores = np.where(allowed, vectors @ question, np.float32(0))
        return best(scores, count)

    def _structure(self) -> "faiss.Index | None":
        import faiss
        import numpy as np

        if self._opened is None and self._file is not None:
            self._content = np.frombuffer(self._file.all(), np.uint8)  # damaged links would lead anywhere
            reader = faiss.ZeroCopyIOReader(  # type: ignore[attr-defined]  # the types' package is behind
                faiss.swig_ptr(self._content), self._content.nbytes
            )
            self._opened = faiss.read_index(reader)
        return self._opened


def embedded(embedder: Embedder, questions: Sequence[str]) -> "list[NDArray[np.float32] | None]":
    """Return each question's vector; None for one that the embedder cannot read."""
    readable = [place for place, question in enumerate(questions) if can_read(embedder, question)]
    vectors: list[NDArray[np.float32] | None] = [None] * len(questions)
    if readable:
        found = embed_batches(embedder, [questions[place] for place in readable], "question")
        for place, vector in zip(readable, found, strict=True):
            vectors[place] = vector
    return vectors


def spread(count: int) -> list[int]:
    """Return some of the positions of so many chunks, spread over all: enough to tell how near any is to a question."""
    import numpy as np

    return [int(place) for place in np.unique(np.linspace(0, max(count - 1, 0), _SPREAD).astype(np.int64))]


def mean_vector(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return the mean of vectors, shape ``(dimension,)``; rows of zeros stand for what was not embedded."""
    mean: NDArray[np.float32] = vectors.sum(axis=0) / max(int(vectors.any(axis=1).sum()), 1)
    return mean


def _positive(ranking: Ranking) -> Ranking:
    return [hit for hit in ranking if hit[1] > 0.0]
