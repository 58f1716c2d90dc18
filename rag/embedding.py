"""Embed many texts: each distinct one once, long ones together, and never again what is known."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..knowledge import durable
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .embedders import Embedder, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCHES_PER_PART = 8


def digest(text: str) -> bytes:
    """Return the key under which a text's vector is known."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


class KnownVectors:
    """Find vectors by the digest of their text; they stay where they are, in memory or in a file."""

    def __init__(self) -> None:
        self._places: dict[bytes, tuple[NDArray[np.float32], int]] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def add(self, keys: Iterable[bytes], vectors: "NDArray[np.float32]") -> None:
        """Remember the vectors, one per row, of these keys."""
        self._places.update((key, (vectors, row)) for row, key in enumerate(keys))

    def add_row(self, key: bytes, vectors: "NDArray[np.float32]", row: int) -> None:
        """Remember one row of many."""
        self._places[key] = vectors, row

    def take(self, keys: Sequence[bytes], dimension: int) -> "NDArray[np.float32]":
        """Return the vectors of keys, shape ``(len(keys), dimension)``; zeros where one is not known."""
        import numpy as np

        found = np.zeros((len(keys), dimension), dtype=np.float32)
        for place, key in enumerate(keys):
            if key in self._places:
                vectors, row = self._places[key]
                found[place] = vectors[row]
        return found


class Parts(Protocol):
    """Keep what is embedded while the work goes on, where a killed build's successor finds it."""

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of what is kept under names that begin so, in the order of the names."""

    def write(self, name: str, content: bytes) -> None:
        """Keep a content so that it outlives this process."""


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
        durable.write_bytes(self.folder / f"{name}.npy", content)


def embed_passages(
    embedder: Embedder, texts: Iterable[str], known: KnownVectors, parts: Parts, progress: Progress
) -> int:
    """Add to ``known`` the vectors of the texts that are missing there, and return how many were missing.

    What is finished is kept in parts as the work goes on, so that a killed build goes on from there; the batches
    are then the same as without the kill, and so are the vectors.

    Args:
        embedder: What embeds.
        texts: In any order, with repetitions.
        known: Vectors by digest.
        parts: Where finished parts are kept.
        progress: Is told the number of texts embedded.
    """
    for part_keys, part_vectors in _read_parts(parts, embedder):
        known.add(part_keys, part_vectors)
    distinct = {digest(text): text for text in texts}
    missing = sorted((key for key in distinct if key not in known), key=lambda key: (len(distinct[key]), key))
    size = embedder.batch_size * _BATCHES_PER_PART
    for start in range(0, len(missing), size):
        keys = missing[start : start + size]
        vectors = embed_batches(embedder, [distinct[key] for key in keys], "passage")
        _write_part(parts, embedder, keys, vectors)
        known.add(keys, vectors)
        progress(say("rag.embedding"), start + len(keys), len(missing))
    return len(missing)


def embed_batches(embedder: Embedder, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
    """Return the texts' vectors, shape ``(len(texts), dimension)``, computed batch by batch in their order."""
    import numpy as np

    size = embedder.batch_size
    batches = [embedder.embed(texts[start : start + size], role) for start in range(0, len(texts), size)]
    return np.concatenate(batches)


def _write_part(parts: Parts, embedder: Embedder, keys: Sequence[bytes], vectors: "NDArray[np.float32]") -> None:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1), allow_pickle=False)
    np.save(stream, vectors, allow_pickle=False)
    content = stream.getvalue()
    parts.write(_prefix(embedder) + hashlib.sha256(content).hexdigest()[:32], content)


def _read_parts(parts: Parts, embedder: Embedder) -> Iterator[tuple[list[bytes], "NDArray[np.float32]"]]:
    """Yield keys and vectors of all parts of this embedder; a damaged part counts for nothing."""
    import numpy as np

    prefix = _prefix(embedder)
    for name, content in parts.read(prefix):
        if name == prefix + hashlib.sha256(content).hexdigest()[:32]:
            stream = io.BytesIO(content)
            keys = np.load(stream, allow_pickle=False)
            yield [*map(bytes, keys)], np.load(stream, allow_pickle=False)


def _prefix(embedder: Embedder) -> str:
    return hashlib.sha256(embedder.identity.encode()).hexdigest()[:16] + "-"
