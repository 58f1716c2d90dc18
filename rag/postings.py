"""Which chunk holds which token how often, by token.

While an index is built, a posting is one number: the token's rank in the high bits, then the chunk, then the count. So
the postings of unchanged chunks and those of new ones are merged by sorting numbers.
"""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .columns import Column
from .draft import Draft
from .tokens import tokenize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .files import CheckedFile

    Keys = NDArray[np.uint64]

KEYS, BORDERS, CHUNKS, COUNTS, LENGTHS = (
    f"words.{name}" for name in ("keys", "borders", "chunks", "counts", "lengths")
)
CHUNK_BITS, COUNT_BITS = 32, 8
_MOST_TOKENS = 1 << (64 - CHUNK_BITS - COUNT_BITS)  # ranks have the bits that are left
_MOST = (1 << COUNT_BITS) - 1  # who repeats a word 255 times gains nothing by another time


@dataclass(frozen=True)
class Postings:
    """Read the postings of an index.

    Attributes:
        keys: The tokens' keys, ascending.
        borders: Where the postings of each token begin, and where the last one's end.
        chunks: The postings' chunks, ascending for each token.
        counts: How often the chunk holds the token, at most 255.
        lengths: Tokens of each chunk, repeated ones included.
    """

    keys: Column
    borders: Column
    chunks: Column
    counts: Column
    lengths: Column


def open_postings(files: "Mapping[str, CheckedFile]") -> Postings:
    """Return the postings that ``PostingsWriter`` wrote."""
    types = {KEYS: "<u8", BORDERS: "<i8", CHUNKS: "<u4", COUNTS: "u1", LENGTHS: "<i4"}
    return Postings(*(Column(files[name], dtype) for name, dtype in types.items()))


def token_key(token: str) -> int:
    """Return the number that stands for a token; two tokens share one about never."""
    return int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class PostingsWriter:
    """Collect the postings of new chunks, and write them together with those of unchanged ones."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tokens, self._counts = array("I"), array("B")
        self._distinct, self._lengths = array("I"), array("i")

    def add(self, text: str) -> int:
        """Count the tokens of one chunk, in the order of the chunks, and return how many there are."""
        counted = Counter(tokenize(text))
        numbers = self._numbers
        self._tokens.extend([numbers.setdefault(token, len(numbers)) for token in counted])
        self._counts.extend([count if count < _MOST else _MOST for count in counted.values()])
        self._distinct.append(len(counted))
        self._lengths.append(counted.total())
        return self._lengths[-1]

    def write(self, draft: Draft, origins: "NDArray[np.int64]", earlier: Postings | None) -> bool:
        """Write the files, and return whether there is a single token.

        Args:
            draft: Where to write.
            origins: For each chunk its position in the earlier index, or -1 for the chunks that were added.
            earlier: The earlier index' postings; None if there was none.

        Raises:
            UserError: There are more different tokens than postings can tell apart.
        """
        import numpy as np

        lengths = np.zeros(len(origins), dtype="<i4")
        lengths[origins < 0] = np.array(self._lengths, dtype="<i4")
        added = np.array([token_key(token) for token in self._numbers], dtype=np.uint64)
        keys = np.unique(added)
        if earlier is not None:
            kept = origins >= 0
            lengths[kept] = earlier.lengths.all()[origins[kept]]
            keys = np.unique(np.concatenate([keys, earlier.keys.all()]))
        if len(keys) > _MOST_TOKENS:
            message = say("rag.too_many_words", count=len(keys), most=_MOST_TOKENS)
            raise UserError(message, say("rag.too_many_words_hint"))
        parts = [self._added(np.searchsorted(keys, added), np.flatnonzero(origins < 0))]
        if earlier is not None:
            parts.append(_kept(earlier, keys, origins))
        packed = np.concatenate(parts)
        packed.sort()
        _write(draft, packed, keys)
        draft.write_array(LENGTHS, lengths)
        return bool(len(packed))

    def packed(self) -> "tuple[Keys, Keys, NDArray[np.int64]]":
        """Return the keys of all tokens, ascending, the sorted postings, and each chunk's length; for another store."""
        import numpy as np

        added = np.array([token_key(token) for token in self._numbers], dtype=np.uint64)
        keys = np.unique(added)
        packed = self._added(np.searchsorted(keys, added), np.arange(len(self._lengths)))
        packed.sort()
        return keys, packed, np.array(self._lengths, dtype=np.int64)

    def _added(self, ranks: "NDArray[np.int64]", places: "NDArray[np.int64]") -> "Keys":
        import numpy as np

        chunks = np.repeat(places, np.array(self._distinct, dtype=np.int64))
        counts = np.array(self._counts, dtype=np.uint8)
        return _packed(ranks[np.array(self._tokens, dtype=np.int64)], chunks, counts)


def _kept(earlier: Postings, keys: "Keys", origins: "NDArray[np.int64]") -> "Keys":
    """Return the postings of the chunks that are kept, by their new positions."""
    import numpy as np

    places = np.full(len(earlier.lengths), -1)
    places[origins[origins >= 0]] = np.flatnonzero(origins >= 0)
    chunks = places[earlier.chunks.all()]
    ranks = np.repeat(np.searchsorted(keys, earlier.keys.all()), np.diff(earlier.borders.all()))
    kept = chunks >= 0
    return _packed(ranks[kept], chunks[kept], earlier.counts.all()[kept])


def _packed(ranks: "NDArray[np.int64]", chunks: "NDArray[np.int64]", counts: "NDArray[np.uint8]") -> "Keys":
    import numpy as np

    packed = ranks.astype(np.uint64) << np.uint64(CHUNK_BITS)
    packed |= chunks.astype(np.uint64)
    packed <<= np.uint64(COUNT_BITS)
    packed |= counts.astype(np.uint64)
    return packed


def _write(draft: Draft, packed: "Keys", keys: "Keys") -> None:
    import numpy as np

    draft.write_array(COUNTS, (packed & np.uint64(_MOST)).astype("u1"))
    packed >>= np.uint64(COUNT_BITS)
    draft.write_array(CHUNKS, packed.astype("<u4"))  # keeps the low 32 bits
    packed >>= np.uint64(CHUNK_BITS)
    ranks = packed.astype(np.int64)
    starts = np.flatnonzero(np.diff(ranks, prepend=-1))
    draft.write_array(KEYS, keys[ranks[starts]].astype("<u8"))
    draft.write_array(BORDERS, np.append(starts, len(ranks)).astype("<i8"))
