"""Write the vectors of an index: those that are known already, and those that have to be computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from ..knowledge.progress import Progress
from .columns import Column
from .corpus import Chunks
from .draft import Draft
from .earlier import Earlier
from .embedders import Embedder
from .embedding import KnownVectors, Parts, as_keys, embed_passages
from .retrievers.dense import VECTORS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .embedding import Keys

_SLICE = 1 << 13


@dataclass(frozen=True)
class Wanted:
    """Say which chunks get a vector.

    Attributes:
        chunks: All chunks of the index that is written.
        readable: For each, whether the embedder can read it.
        origins: For each its position in the earlier index, or -1.
    """

    chunks: Chunks
    readable: "NDArray[np.bool_]"
    origins: "NDArray[np.int64]"


def write_vectors(
    draft: Draft, wanted: Wanted, earlier: Earlier | None, embedder: Embedder, parts: Parts, progress: Progress
) -> int:
    """Write one row per chunk, zeros where the embedder cannot read it, and return how many had to be embedded.

    Args:
        draft: Where to write.
        wanted: Which chunks get one.
        earlier: Where vectors may be known from.
        embedder: What embeds.
        parts: Where to keep what is embedded before the draft is finished.
        progress: Is told how far embedding is.
    """
    import numpy as np

    kept_vectors = None if earlier is None else earlier.vectors
    copied = wanted.readable & (wanted.origins >= 0 if kept_vectors is not None else False)
    by_key = np.flatnonzero(wanted.readable & ~copied)
    keys = _keys(wanted.chunks)
    known = _known(earlier, keys[by_key])
    texts = _Texts(wanted.chunks, by_key[~known.has(keys[by_key])])
    embedded = embed_passages(embedder, texts, known, parts, progress)
    with draft.writer(VECTORS) as writer:
        for start in range(0, len(wanted.chunks), _SLICE):
            places = np.arange(start, min(start + _SLICE, len(wanted.chunks)))
            rows = np.zeros((len(places), embedder.dimension), dtype="<f4")
            if kept_vectors is not None and copied[places].any():
                rows[copied[places]] = kept_vectors.take(wanted.origins[places[copied[places]]])
            others = places[wanted.readable[places] & ~copied[places]]
            rows[others - start] = known.take(keys[others], rows.shape[1])
            writer.write(rows.reshape(-1).view(np.uint8).data)
    return embedded


def written_vectors(draft: Draft, dimension: int) -> Column:
    """Return the vectors that were written."""
    return Column(draft.read(VECTORS), "<f4", dimension)


class _Texts(Sequence[str]):
    """Read what some chunks are searched by when it is asked for."""

    def __init__(self, chunks: Chunks, places: "NDArray[np.int64]") -> None:
        self._chunks, self._places = chunks, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        return self._chunks.searchable(int(self._places[row]))


def _known(earlier: Earlier | None, keys: "Keys") -> KnownVectors:
    """Return the vectors of the earlier index that are asked for by key."""
    import numpy as np

    known = KnownVectors()
    if earlier is not None and earlier.vectors is not None and len(keys):
        own = _keys(earlier.chunks)
        rows = np.flatnonzero(np.isin(own, keys))
        for start in range(0, len(rows), _SLICE):
            some = rows[start : start + _SLICE]
            some = some[earlier.vectors.take(some).any(axis=1)]
            known.add(own[some], earlier.vectors.all(), some)
    return known


def _keys(chunks: Chunks) -> "Keys":
    return as_keys(bytes(chunks.keys.all()))
