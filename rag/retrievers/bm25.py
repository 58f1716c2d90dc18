"""Rank by the words a chunk shares with the question."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..tokens import tokenize
from . import Ranking, best

if TYPE_CHECKING:
    from bm25s import BM25

    from . import Allowed

_VOCABULARY, _ARRAYS = "bm25.vocabulary.json", ("data", "indices", "indptr")


class Retriever:
    """Score chunks by BM25 in its Lucene form, over the tokens of ``rag/tokens.py``.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; computed by bm25s (Lu, 2024).
    """

    def __init__(self, scorer: "BM25", vocabulary: Mapping[str, int]) -> None:
        self._scorer = scorer
        self._vocabulary = vocabulary

    @classmethod
    def build(cls, texts: Sequence[str]) -> "Retriever":
        """Return the retriever of these texts.

        Args:
            texts: What each chunk is searched by; at least one has a token.
        """
        tokens = [tokenize(text) for text in texts]
        # sorted, because the library numbers the words of a set, whose order changes from run to run
        vocabulary = {token: number for number, token in enumerate(sorted({token for row in tokens for token in row}))}
        scorer = _scorer()
        scorer.index(([[vocabulary[token] for token in row] for row in tokens], vocabulary), False, show_progress=False)
        return cls(scorer, vocabulary)

    def files(self) -> dict[str, bytes]:
        """Return what must be kept, by file name."""
        arrays = {_file(name): _to_bytes(self._scorer.scores[name]) for name in _ARRAYS}
        return {_VOCABULARY: json.dumps(list(self._vocabulary)).encode(), **arrays}

    @classmethod
    def load(cls, files: Mapping[str, bytes], chunks: int) -> "Retriever":
        """Return the retriever that ``files`` was called on.

        Args:
            files: As returned by ``files``.
            chunks: How many chunks the index has.
        """
        scorer = _scorer()
        scorer.scores = {name: _from_bytes(files[_file(name)]) for name in _ARRAYS} | {"num_docs": chunks}
        scorer.nonoccurrence_array = None
        return cls(scorer, {token: number for number, token in enumerate(json.loads(files[_VOCABULARY]))})

    def rank(self, questions: Sequence[str], count: int, allowed: "Allowed | None" = None) -> list[Ranking]:
        """Return for each question the chunks that share a token with it, best first."""
        return [self._rank(question, count, allowed) for question in questions]

    def _rank(self, question: str, count: int, allowed: "Allowed | None") -> Ranking:
        known = [self._vocabulary[token] for token in tokenize(question) if token in self._vocabulary]
        if not known:
            return []
        scores = self._scorer.get_scores_from_ids(known)
        return best(scores if allowed is None else scores * allowed, count)

    @staticmethod
    def file_names() -> list[str]:
        """Return the names of the files that ``load`` needs."""
        return [_VOCABULARY, *map(_file, _ARRAYS)]


def _file(name: str) -> str:
    return f"bm25.{name}.npy"


def _scorer() -> "BM25":
    from bm25s import BM25

    return BM25(k1=1.5, b=0.75, method="lucene", backend="numpy", csc_backend="numpy")


def _to_bytes(array: Any) -> bytes:  # noqa: ANN401 - numpy is not imported here
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _from_bytes(content: bytes) -> Any:  # noqa: ANN401 - numpy is not imported here
    import numpy as np

    return np.load(io.BytesIO(content), allow_pickle=False)
