"""Embed many texts: each distinct one once, long ones together, and never again what is known."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..knowledge import durable
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .embedders import Embedder, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = dict[bytes, NDArray[np.float32]]

_BATCHES_PER_PART = 8


def digest(text: str) -> bytes:
    """Return the key under which a text's vector is known."""
    return hashlib.sha256(text.encode()).digest()


def embed_passages(embedder: Embedder, texts: Sequence[str], known: "Vectors", parts: Path, progress: Progress) -> int:
    """Add to ``known`` the vectors of the texts that are missing there, and return how many were missing.

    What is finished is kept in files as the work goes on, so that a killed build goes on from there; the batches
    are then the same as without the kill, and so are the vectors.

    Args:
        embedder: What embeds.
        texts: In any order, with repetitions.
        known: Vectors by digest.
        parts: Folder for finished parts; created when needed, and removed by whoever no longer needs it.
        progress: Is told the number of texts embedded.
    """
    known |= _read_parts(parts, embedder)
    distinct = {digest(text): text for text in texts}
    missing = sorted((key for key in distinct if key not in known), key=lambda key: (len(distinct[key]), key))
    size = embedder.batch_size * _BATCHES_PER_PART
    for start in range(0, len(missing), size):
        keys = missing[start : start + size]
        vectors = embed_batches(embedder, [distinct[key] for key in keys], "passage")
        _write_part(parts, embedder, keys, vectors)
        known |= dict(zip(keys, vectors, strict=True))
        progress(say("rag.embedding"), start + len(keys), len(missing))
    return len(missing)


def embed_batches(embedder: Embedder, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
    """Return the texts' vectors, shape ``(len(texts), dimension)``, computed batch by batch in their order."""
    import numpy as np

    size = embedder.batch_size
    batches = [embedder.embed(texts[start : start + size], role) for start in range(0, len(texts), size)]
    return np.concatenate(batches)


def _write_part(parts: Path, embedder: Embedder, keys: Sequence[bytes], vectors: "NDArray[np.float32]") -> None:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1), allow_pickle=False)
    np.save(stream, vectors, allow_pickle=False)
    content = stream.getvalue()
    parts.mkdir(exist_ok=True)
    name = f"{_prefix(embedder)}{hashlib.sha256(content).hexdigest()[:32]}.npy"
    durable.write_bytes(parts / name, content)


def _read_parts(parts: Path, embedder: Embedder) -> "Vectors":
    """Return the vectors of all parts of this embedder; a damaged part counts for nothing."""
    return {
        key: vector
        for path in sorted(parts.glob(f"{_prefix(embedder)}*.npy"))
        for key, vector in _read_part(path, _prefix(embedder))
    }


def _read_part(path: Path, prefix: str) -> Iterator[tuple[bytes, "NDArray[np.float32]"]]:
    import numpy as np

    content = path.read_bytes()
    if path.stem != prefix + hashlib.sha256(content).hexdigest()[:32]:
        return
    stream = io.BytesIO(content)
    keys = np.load(stream, allow_pickle=False)
    yield from zip(map(bytes, keys), np.load(stream, allow_pickle=False), strict=True)


def _prefix(embedder: Embedder) -> str:
    return hashlib.sha256(embedder.identity.encode()).hexdigest()[:16] + "-"


def stack(texts: Sequence[str], known: "Mapping[bytes, NDArray[np.float32]]", dimension: int) -> "NDArray[np.float32]":
    """Return the texts' vectors in their order, shape ``(len(texts), dimension)``; zeros where one is not known."""
    import numpy as np

    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    for row, text in enumerate(texts):
        if (vector := known.get(digest(text))) is not None:
            vectors[row] = vector
    return vectors
