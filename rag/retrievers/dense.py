"""Rank by the nearness of vectors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..embedders import Embedder
from ..embedding import embed_batches
from ..gate import can_read
from . import Ranking

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from . import Allowed

_FILE = "vectors.faiss"


class Retriever:
    """Score chunks by the cosine between their vector and the question's, -1 to 1, compared with every one of them.

    Source: Douze et al., The Faiss library, 2024; the flat index is exact.
    """

    def __init__(self, index: "faiss.Index", embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    @classmethod
    def build(cls, vectors: "NDArray[np.float32]", embedder: Embedder) -> "Retriever":
        """Return the retriever of these vectors, shape ``(chunks, dimension)``, each of length 1 or 0."""
        import faiss

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return cls(index, embedder)

    def files(self) -> dict[str, bytes]:
        """Return what must be kept, by file name."""
        import faiss

        # not faiss.write_index: it cannot open every path, and writes around our durable writer
        return {_FILE: faiss.serialize_index(self._index).tobytes()}

    @classmethod
    def load(cls, files: Mapping[str, bytes], embedder: Embedder) -> "Retriever":
        """Return the retriever that ``files`` was called on, with an embedder of the same identity."""
        import faiss
        import numpy as np

        return cls(faiss.deserialize_index(np.frombuffer(files[_FILE], dtype=np.uint8)), embedder)

    @staticmethod
    def file_names() -> list[str]:
        """Return the names of the files that ``load`` needs."""
        return [_FILE]

    @property
    def vectors(self) -> "NDArray[np.float32]":
        """Return the vectors, shape ``(chunks, dimension)``."""
        vectors: NDArray[np.float32] = self._index.reconstruct_n(0, self._index.ntotal)
        return vectors

    def rank(self, questions: Sequence[str], count: int, allowed: "Allowed | None" = None) -> list[Ranking]:
        """Return for each question at most ``count`` nearest chunks, best first.

        A question that the embedder cannot read gets none, and so do chunks at a right angle or beyond.
        """
        readable = [place for place, question in enumerate(questions) if can_read(self._embedder, question)]
        rankings: list[Ranking] = [[] for _ in questions]
        if readable:
            vectors = embed_batches(self._embedder, [questions[place] for place in readable], "question")
            for place, ranking in zip(readable, self._nearest(vectors, count, allowed), strict=True):
                rankings[place] = ranking
        return rankings

    def _nearest(self, vectors: "NDArray[np.float32]", count: int, allowed: "Allowed | None") -> list[Ranking]:
        scores, places = self._index.search(vectors, min(count, self._index.ntotal), params=_among(allowed))
        rows = zip(places.tolist(), scores.tolist(), strict=True)
        return [[hit for hit in zip(*row, strict=True) if hit[0] >= 0 and hit[1] > 0.0] for row in rows]


def _among(allowed: "Allowed | None") -> "faiss.SearchParameters | None":
    """Return what makes a search look at the allowed chunks only."""
    import faiss
    import numpy as np

    if allowed is None:
        return None
    return faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.flatnonzero(allowed)))  # type: ignore[call-arg]
