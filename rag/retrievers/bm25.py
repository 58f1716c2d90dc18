"""Rank by the words a chunk shares with the question."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..columns import Column
from ..draft import Draft
from ..postings import Postings, open_postings, token_key
from ..tokens import tokenize
from . import Ranking, best

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..files import CheckedFile
    from . import Allowed

PEAKS = "words.peaks"
SATURATION, LENGTH_SHARE = 1.5, 0.75  # k1 and b
_FEW = 0.05  # share of the chunks up to which looking candidates up is faster than going through all postings


@dataclass(frozen=True)
class _Term:
    """Hold what a token of the question can add: at most ``peak``, to ``size`` chunks from the posting ``start`` on."""

    start: int
    size: int
    weight: float
    peak: float


class Retriever:
    """Score chunks by BM25 in its Lucene form, over the tokens of ``rag/tokens.py``.

    Rare tokens are counted first. As soon as what the others can add does not bring a new chunk among the best any
    more, they are counted for the chunks found so far only; the result is the same.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; Turtle and Flood, Query Evaluation:
    Strategies and Optimizations, 1995 (max score).
    """

    def __init__(self, postings: Postings, peaks: Column) -> None:
        self._postings, self._peaks = postings, peaks
        self._norms = _norms(postings)

    @classmethod
    def load(cls, files: "Mapping[str, CheckedFile]") -> "Retriever":
        """Return the retriever of an index' files."""
        return cls(open_postings(files), Column(files[PEAKS], "<f4"))

    def rank(self, questions: Sequence[str], count: int, allowed: "Allowed | None" = None) -> list[Ranking]:
        """Return for each question the chunks that share a token with it, best first."""
        return [self._rank(question, count, allowed) for question in questions]

    def _rank(self, question: str, count: int, allowed: "Allowed | None") -> Ranking:
        import numpy as np

        terms = self._terms(question)
        scores = np.zeros(len(self._norms), dtype=np.float32)
        rest = sum(term.peak for term in terms) * 1.0001  # the sums are rounded
        floor = 0.0  # the best ``count`` chunks have at least this score
        promising: NDArray[np.int64] | None = None  # none but these can still be among them
        for place, term in enumerate(terms):
            if floor > rest:
                places = np.flatnonzero(scores >= floor - rest) if promising is None else promising
                places = places[scores[places] >= floor - rest]
                if promising is not None or len(places) < _FEW * sum(each.size for each in terms[place:]):
                    promising = places
            reached = self._add(term, scores, allowed) if promising is None else self._add_to(promising, term, scores)
            rest -= term.peak
            higher = reached[reached > floor]
            if len(higher) >= count:
                floor = float(np.partition(higher, -count)[-count])
        places = np.flatnonzero(scores >= max(floor, float(np.finfo(np.float32).tiny)))
        return [(int(places[place]), score) for place, score in best(scores[places], count)]

    def scores(self, question: str, places: Sequence[int]) -> list[float]:
        """Return the scores of some chunks, which are in ascending order; 0 where one shares no token."""
        import numpy as np

        candidates = np.array(places, dtype=np.int64)
        scores = np.zeros(len(candidates), dtype=np.float32)
        for term in self._terms(question) if places else []:
            holds, added = self._given(candidates, term)
            scores[holds] += added
        return [float(score) for score in scores]

    def rarity(self, token: str) -> float:
        """Return the inverse document frequency of a token of ``tokenize``: above 0, highest where no chunk has it."""
        span = self._span(token)
        return self._weight(0 if span is None else span[2] - span[1])

    def _terms(self, question: str) -> list[_Term]:
        """Return the tokens that the index knows, rare ones first."""
        terms: list[_Term] = []
        for token, times in Counter(tokenize(question)).items():
            if (span := self._span(token)) is not None:
                row, start, end = span
                weight = times * self._weight(end - start)
                terms.append(_Term(start, end - start, weight, weight * float(self._peaks.rows(row, row + 1)[0])))
        return sorted(terms, key=lambda term: (term.size, term.start))

    def _span(self, token: str) -> tuple[int, int, int] | None:
        """Return the row of a token, where its postings begin, and where they end; None if no chunk holds it."""
        import numpy as np

        keys, key = self._postings.keys.all(), np.uint64(token_key(token))
        row = int(np.searchsorted(keys, key))
        if row == len(keys) or keys[row] != key:
            return None
        start, end = self._postings.borders.rows(row, row + 2).tolist()
        return row, start, end

    def _weight(self, holding: int) -> float:
        """Return how much a token counts that so many chunks hold."""
        return math.log1p((len(self._norms) - holding + 0.5) / (holding + 0.5))

    def _add(self, term: _Term, scores: "NDArray[np.float32]", allowed: "Allowed | None") -> "NDArray[np.float32]":
        """Add what a token gives to all chunks that hold it, and return the scores of these."""
        chunks = self._postings.chunks.rows(term.start, term.start + term.size)
        counts = self._postings.counts.rows(term.start, term.start + term.size)
        if allowed is not None:
            kept = allowed[chunks]
            chunks, counts = chunks[kept], counts[kept]
        reached: NDArray[np.float32] = scores[chunks]
        reached += _saturated(counts, self._norms[chunks]) * term.weight
        scores[chunks] = reached
        return reached

    def _add_to(
        self, candidates: "NDArray[np.int64]", term: _Term, scores: "NDArray[np.float32]"
    ) -> "NDArray[np.float32]":
        """Add what a token gives to some chunks, in ascending order, and return the scores of these."""
        holds, added = self._given(candidates, term)
        scores[candidates[holds]] += added
        return scores[candidates]

    def _given(self, candidates: "NDArray[np.int64]", term: _Term) -> "tuple[NDArray[np.bool_], NDArray[np.float32]]":
        """Return which of some chunks, in ascending order, hold a token, and what it gives to these."""
        import numpy as np

        chunks = self._postings.chunks.rows(term.start, term.start + term.size)
        places = np.minimum(np.searchsorted(chunks, candidates.astype(np.uint32)), term.size - 1)
        holds = chunks[places] == candidates
        counts = self._postings.counts.rows(term.start, term.start + term.size)[places[holds]]
        return holds, _saturated(counts, self._norms[candidates[holds]]) * term.weight


def write_peaks(draft: Draft) -> None:
    """Write the most that one occurrence pattern of each token adds, before its weight; the postings are written."""
    import numpy as np

    files = {name: draft.read(name) for name in draft.names()}
    postings = open_postings(files)
    norms, borders = _norms(postings), postings.borders.all()
    peaks = np.zeros(len(postings.keys), dtype="<f4")
    step = 1 << 16
    for first in range(0, len(peaks), step):
        starts = borders[first : first + step + 1]
        chunks = postings.chunks.rows(int(starts[0]), int(starts[-1]))
        counts = postings.counts.rows(int(starts[0]), int(starts[-1]))
        peaks[first : first + step] = np.maximum.reduceat(_saturated(counts, norms[chunks]), starts[:-1] - starts[0])
    draft.write_array(PEAKS, peaks)


def _norms(postings: Postings) -> "NDArray[np.float32]":
    """Return what stands for each chunk's length in the formula."""
    import numpy as np

    lengths = postings.lengths.all()
    mean = max(float(lengths.mean(dtype=np.float64)), 1e-9) if len(lengths) else 1.0
    norms: NDArray[np.float32] = np.float32(SATURATION) * (
        np.float32(1 - LENGTH_SHARE) + np.float32(LENGTH_SHARE / mean) * lengths.astype(np.float32)
    )
    return norms


def _saturated(counts: "NDArray[np.uint8]", norms: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    many = counts.astype(np.float32)
    return many / (many + norms)
