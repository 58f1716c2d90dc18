"""What an index holds already, as an update asks for it, wherever the index is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from .embedders import Embedder
from .manifest import Manifest
from .records import Document, IndexOptions
from .tokens import TOKENIZER

_CUTTING = ("chunker", "chunk_tokens", "overlap", "headers")


@dataclass(frozen=True)
class FileRecord:
    """Remember a file that documents were read from.

    Attributes:
        source: Place of its source among the index' sources.
        name: Its path below the source.
        digest: SHA-256 of its content.
        documents: How many documents of the index are from it; they follow those of the file before.
        complete: Whether all of it could be read.
    """

    source: int
    name: str
    digest: str
    documents: int
    complete: bool


Files = dict[tuple[str, str], tuple[FileRecord, int]]
"""Files by source and name, each with the row of its first document."""


class Lines(Protocol):
    """Give what is known of each document, in the order of the index."""

    def __len__(self) -> int: ...
    def __contains__(self, name: object) -> bool: ...

    def line(self, row: int) -> list[Any]:
        """Return what is known of a document but the text: first its id, then its own id."""

    def at(self, row: int) -> Document:
        """Return the document of a row."""


class Known(Protocol):
    """Hold an index as it was before an update."""

    @property
    def manifest(self) -> Manifest:
        """Return the manifest."""

    @property
    def sources(self) -> list[str]:
        """Return the absolute paths of its sources."""

    @property
    def files(self) -> Files:
        """Return the files that its documents came from."""

    @property
    def documents(self) -> Lines:
        """Return its documents."""

    @property
    def same(self) -> bool:
        """Say whether its documents and chunks are what the same files would give now."""

    @property
    def rows_by_digest(self) -> Mapping[bytes, int]:
        """Return the rows of its documents by the digest under which they were read."""


def by_name(sources: list[str], records: list[FileRecord]) -> Files:
    """Return files by source and name, given in their order."""
    found: Files = {}
    first = 0
    for record in records:
        found[sources[record.source], record.name] = record, first
        first += record.documents
    return found


def own_vectors(manifest: Manifest, embedder: Embedder) -> bool:
    """Say whether an index' vectors are those of this embedder."""
    return (manifest.embedder.identity, manifest.embedder.dimension) == (embedder.identity, embedder.dimension)


def made_alike(manifest: Manifest, options: IndexOptions, embedder: Embedder) -> bool:
    """Say whether an index' documents and chunks are what the same files would give now."""
    cut_alike = all(getattr(manifest.options, name) == getattr(options, name) for name in _CUTTING)
    current = manifest.code == code_digest() and manifest.tokenizer == TOKENIZER
    return own_vectors(manifest, embedder) and cut_alike and current


@cache
def code_digest() -> str:
    """Return a hash of the code that reads and cuts documents; another version may read the same file otherwise."""
    folder = Path(__file__).parent
    total = sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return total.hexdigest()[:32]
