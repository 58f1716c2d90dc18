"""Write the vectors of an index: those that are known already, and those that have to be computed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..knowledge.progress import Progress
from .columns import Column
from .corpus import KEY, Chunks
from .draft import Draft
from .earlier import Earlier
from .embedders import Embedder
from .embedding import KnownVectors, Parts, embed_passages
from .retrievers.dense import VECTORS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    known = _known(earlier, {_key(wanted.chunks, int(place)) for place in by_key})
    missing = [int(place) for place in by_key if _key(wanted.chunks, int(place)) not in known]
    texts = (wanted.chunks.searchable(place) for place in missing)
    embedded = embed_passages(embedder, texts, known, parts, progress)
    with draft.writer(VECTORS) as writer:
        for start in range(0, len(wanted.chunks), _SLICE):
            places = np.arange(start, min(start + _SLICE, len(wanted.chunks)))
            rows = np.zeros((len(places), embedder.dimension), dtype="<f4")
            if kept_vectors is not None and copied[places].any():
                rows[copied[places]] = kept_vectors.take(wanted.origins[places[copied[places]]])
            others = places[wanted.readable[places] & ~copied[places]]
            rows[others - start] = known.take([_key(wanted.chunks, int(place)) for place in others], rows.shape[1])
            writer.write(rows.reshape(-1).view(np.uint8).data)
    return embedded


def written_vectors(draft: Draft, dimension: int) -> Column:
    """Return the vectors that were written."""
    return Column(draft.read(VECTORS), "<f4", dimension)


def _known(earlier: Earlier | None, keys: set[bytes]) -> KnownVectors:
    """Return the vectors of the earlier index that are asked for by key."""
    known = KnownVectors()
    if earlier is not None and earlier.vectors is not None and keys:
        content, vectors = bytes(earlier.chunks.keys.all()), earlier.vectors.all()
        for row in range(len(vectors)):
            key = content[KEY * row : KEY * row + KEY]
            if key in keys and vectors[row].any():
                known.add_row(key, vectors, row)
    return known


def _key(chunks: Chunks, place: int) -> bytes:
    return bytes(chunks.keys.read(KEY * place, KEY * place + KEY))
