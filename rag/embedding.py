"""Embed many texts: each distinct one once, long ones together, and never again what is known.

Texts are read when they are embedded, and vectors lie in files where parts are files; memory holds few of either.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..knowledge import durable
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .embedders import Embedder, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Keys = NDArray[np.bytes_]
    Vectors = NDArray[np.float32]

KEY = 32
_BATCHES_PER_PART = 8


def digest(text: str) -> bytes:
    """Return the key under which a text's vector is known."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def as_keys(content: bytes | Iterable[bytes]) -> "Keys":
    """Return keys, one after the other or one by one, as an array."""
    import numpy as np

    return np.frombuffer(content if isinstance(content, bytes) else b"".join(content), f"S{KEY}")


class _Places(NamedTuple):
    """Hold keys in ascending order, and for each in which array and which row of it its vector is."""

    keys: "Keys"
    sources: "NDArray[np.int64]"
    rows: "NDArray[np.int64]"


class KnownVectors:
    """Find vectors by the digest of their text; they stay where they are, in memory or in a file."""

    def __init__(self) -> None:
        self._keys: list[Keys] = []
        self._rows: list[NDArray[np.int64]] = []
        self._vectors: list[Vectors] = []
        self._sorted: _Places | None = None

    def add(self, keys: "Keys", vectors: "Vectors", rows: "NDArray[np.int64] | None" = None) -> None:
        """Remember the vectors of these keys: one per row, or in the rows that are named."""
        import numpy as np

        self._keys.append(keys)
        self._rows.append(np.arange(len(keys)) if rows is None else rows)
        self._vectors.append(vectors)
        self._sorted = None

    def has(self, keys: "Keys") -> "NDArray[np.bool_]":
        """Return which keys have a vector."""
        return self._find(keys)[0]

    def take(self, keys: "Keys", dimension: int) -> "Vectors":
        """Return the vectors of keys, shape ``(len(keys), dimension)``; zeros where one is not known."""
        import numpy as np

        taken = np.zeros((len(keys), dimension), dtype=np.float32)
        found, places = self._find(keys)
        wanted, known = np.flatnonzero(found), self._places()
        sources, rows = known.sources[places[wanted]], known.rows[places[wanted]]
        order = np.argsort(sources, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(sources[order])) + 1) if len(order) else []:
            taken[wanted[part]] = self._vectors[int(sources[part[0]])][rows[part]]
        return taken

    def _find(self, keys: "Keys") -> "tuple[NDArray[np.bool_], NDArray[np.int64]]":
        """Return which keys are known, and where."""
        import numpy as np

        known = self._places()
        if not len(known.keys):
            return np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=np.int64)
        places = np.minimum(np.searchsorted(known.keys, keys), len(known.keys) - 1)
        return known.keys[places] == keys, places

    def _places(self) -> _Places:
        import numpy as np

        if self._sorted is None:
            keys = np.concatenate([as_keys(b""), *self._keys])
            sources = np.repeat(np.arange(len(self._keys)), [len(each) for each in self._keys])
            rows = np.concatenate([np.zeros(0, dtype=np.int64), *self._rows])
            order = np.argsort(keys, kind="stable")
            self._sorted = _Places(keys[order], sources[order], rows[order])
        return self._sorted


class Parts(Protocol):
    """Keep what is embedded while the work goes on, where a killed build's successor finds it."""

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of what is kept under names that begin so, in the order of the names."""

    def write(self, name: str, content: bytes) -> None:
        """Keep a content so that it outlives this process."""

    def file(self, name: str) -> Path | None:
        """Return the file that a kept content is in; None where it is in none."""


@dataclass(frozen=True)
class FolderParts:
    """Keep parts in a folder.

    Attributes:
        folder: Created when needed, and removed by whoever no longer needs it.
    """

    folder: Path

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the files whose names begin so."""
        for path in sorted(self.folder.glob(f"{prefix}*.npy")):
            yield path.stem, path.read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.folder.mkdir(exist_ok=True)
        durable.write_bytes(self.file(name), content)

    def file(self, name: str) -> Path:
        """Return the file of a name."""
        return self.folder / f"{name}.npy"


def embed_passages(
    embedder: Embedder, texts: Sequence[str], known: KnownVectors, parts: Parts, progress: Progress
) -> int:
    """Add to ``known`` the vectors of the texts that are missing there, and return how many were missing.

    What is finished is kept in parts as the work goes on, so that a killed build goes on from there; the batches
    are then the same as without the kill, and so are the vectors. Where parts are files, memory holds a key and a
    length per text, and the texts and vectors of a few batches.

    Args:
        embedder: What embeds.
        texts: In any order, with repetitions; each is asked for twice.
        known: Vectors by digest; those that are added lie in ``parts``.
        parts: Where finished parts are kept.
        progress: Is told the number of texts embedded.
    """
    import numpy as np

    for keys, vectors in _read_parts(parts, embedder):
        known.add(keys, vectors)
    every, lengths = np.zeros(len(texts), dtype=f"S{KEY}"), np.zeros(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        every[place], lengths[place] = digest(text), len(text)
    distinct, first = np.unique(every, return_index=True)
    missing = first[~known.has(distinct)]
    missing = missing[np.lexsort((every[missing], lengths[missing]))]
    size = embedder.batch_size * _BATCHES_PER_PART
    for start in range(0, len(missing), size):
        chosen = missing[start : start + size]
        computed = embed_batches(embedder, [texts[int(place)] for place in chosen], "passage")
        known.add(*_write_part(parts, embedder, every[chosen], computed))
        progress(say("rag.embedding"), start + len(chosen), len(missing))
    return len(missing)


def embed_batches(embedder: Embedder, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
    """Return the texts' vectors, shape ``(len(texts), dimension)``, computed batch by batch in their order."""
    import numpy as np

    size = embedder.batch_size
    batches = [embedder.embed(texts[start : start + size], role) for start in range(0, len(texts), size)]
    return np.concatenate(batches)


def _write_part(parts: Parts, embedder: Embedder, keys: "Keys", vectors: "Vectors") -> "tuple[Keys, Vectors]":
    """Keep some vectors, and return them where they lie now."""
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.frombuffer(keys.tobytes(), dtype=np.uint8).reshape(len(keys), KEY), allow_pickle=False)
    np.save(stream, vectors, allow_pickle=False)
    content = stream.getvalue()
    name = _prefix(embedder) + hashlib.sha256(content).hexdigest()[:32]
    parts.write(name, content)
    return _part(parts, name, content)


def _read_parts(parts: Parts, embedder: Embedder) -> "Iterator[tuple[Keys, Vectors]]":
    """Yield keys and vectors of all parts of this embedder; a damaged part counts for nothing."""
    prefix = _prefix(embedder)
    for name, content in parts.read(prefix):
        if name == prefix + hashlib.sha256(content).hexdigest()[:32]:
            yield _part(parts, name, content)


def _part(parts: Parts, name: str, content: bytes) -> "tuple[Keys, Vectors]":
    """Return the keys of a part and its vectors, mapped where they are in a file."""
    import numpy as np

    stream = io.BytesIO(content)
    keys = as_keys(np.load(stream, allow_pickle=False).tobytes())
    path = parts.file(name)
    if path is None:
        return keys, np.load(stream, allow_pickle=False)
    np.lib.format.read_magic(stream)
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    return keys, np.memmap(path, dtype, "r", stream.tell(), shape)


def _prefix(embedder: Embedder) -> str:
    return hashlib.sha256(embedder.identity.encode()).hexdigest()[:16] + "-"
