"""Rows in the binary format that ``COPY`` reads, made from arrays.

Source: PostgreSQL's manual, COPY, Binary Format.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .words import BLOCK_BITS, CHUNK_BITS, COUNT_BITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..postings import PostingsWriter

_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_BIGINT = 20  # the type's number
_TOGETHER = 1 << 24  # bytes


def posting_rows(words: "PostingsWriter", first_chunk: int) -> Iterator[bytes]:
    """Yield contents of the table ``postings``, whose chunks are numbered from ``first_chunk`` on."""
    import numpy as np

    from ..postings import CHUNK_BITS as PLACE_BITS
    from ..postings import COUNT_BITS as TIMES_BITS

    keys, packed, lengths = words.packed()
    if not len(packed):
        return
    ranks = (packed >> np.uint64(PLACE_BITS + TIMES_BITS)).astype(np.int64)
    places = ((packed >> np.uint64(TIMES_BITS)) & np.uint64((1 << PLACE_BITS) - 1)).astype(np.int64)
    chunks = places + first_chunk
    counts = (packed & np.uint64((1 << TIMES_BITS) - 1)).astype(np.int64)
    items = np.empty(len(packed), dtype=[("size", ">i4"), ("entry", ">i8")])
    items["size"] = 8
    items["entry"] = chunks << CHUNK_BITS | lengths[places] << COUNT_BITS | counts
    blocks = chunks >> BLOCK_BITS
    new = (np.diff(ranks, prepend=-1) != 0) | (np.diff(blocks, prepend=-1) != 0)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(packed))
    tokens = keys.view(np.int64)[ranks[starts]]
    content = memoryview(items.view(np.uint8).data)
    rows = zip(tokens.tolist(), blocks[starts].tolist(), starts.tolist(), ends.tolist(), strict=True)
    yield from contents(
        struct.pack(">hiqiiii", 4, 8, token, 4, block, 4, end - start)
        + struct.pack(">iiiiii", 20 + 12 * (end - start), 1, 0, _BIGINT, end - start, 1)
        + content[12 * start : 12 * end]
        for token, block, start, end in rows
    )


def vector_rows(chunks: "NDArray[np.int64]", vectors: "NDArray[np.float32]") -> bytes:
    """Return a content of the table ``vectors``.

    Args:
        chunks: Their numbers.
        vectors: One row per chunk.
    """
    import numpy as np

    dimension = vectors.shape[1]
    head = [("fields", ">i2"), ("size", ">i4"), ("chunk", ">i4"), ("bytes", ">i4"), ("numbers", ">i2"), ("none", ">i2")]
    rows = np.zeros(len(chunks), dtype=[*head, ("vector", ">f4", (dimension,))])
    rows["fields"], rows["size"], rows["bytes"], rows["numbers"] = 2, 4, 4 + 4 * dimension, dimension
    rows["chunk"], rows["vector"] = chunks, vectors
    return _HEAD + rows.tobytes() + _TAIL


def contents(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Yield rows as contents of some size, each complete in itself."""
    content = bytearray(_HEAD)
    for row in rows:
        content += row
        if len(content) > _TOGETHER:
            yield bytes(content + _TAIL)
            content = bytearray(_HEAD)
    if len(content) > len(_HEAD):
        yield bytes(content + _TAIL)
