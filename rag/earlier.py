"""What an index holds already, so that an update does only what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..knowledge.errors import UserError
from .columns import Column
from .corpus import Chunks, Documents
from .embedders import Embedder
from .files import CheckedFile
from .known import FileRecord, Files, by_name, made_alike, own_vectors
from .manifest import Manifest
from .postings import Postings, open_postings
from .records import IndexOptions
from .retrievers.dense import VECTORS
from .store import Generation, open_generation

FILES = "files.jsonl"


@dataclass(frozen=True)
class Earlier:
    """Hold an index that was checked from end to end.

    Attributes:
        manifest: Its manifest.
        documents: Its documents.
        chunks: Its chunks.
        same: Whether its documents and chunks are what the same files would give now.
        vectors: Its vectors; None if it has none of the embedder that is used now.
    """

    manifest: Manifest
    documents: Documents
    chunks: Chunks
    same: bool
    vectors: Column | None
    _generation: Generation = field(repr=False)

    @property
    def folder(self) -> Path:
        """Return the folder of its generation."""
        return self._generation.folder

    @property
    def sources(self) -> list[str]:
        """Return the absolute paths of its sources."""
        return self._sources_and_files[0]

    @cached_property
    def files(self) -> Files:
        """Return the files by source and name, each with the row of its first document."""
        return by_name(*self._sources_and_files)

    @cached_property
    def _sources_and_files(self) -> tuple[list[str], list[FileRecord]]:
        return read_files(self._generation[FILES])

    @cached_property
    def postings(self) -> Postings:
        """Return its postings."""
        return open_postings(self._generation.files)

    @cached_property
    def rows_by_digest(self) -> Mapping[bytes, int]:
        """Return the rows of its documents by the digest under which they were read."""
        content = bytes(self._generation["documents.digests"].all())
        return {content[row * 32 : row * 32 + 32]: row for row in range(len(self.documents))}


def read_files(file: CheckedFile) -> tuple[list[str], list[FileRecord]]:
    """Return an index' sources, and the files that its documents came from, in their order."""
    sources, *records = [json.loads(line) for line in bytes(file.all()).splitlines()]
    return sources, [FileRecord(*record) for record in records]


def open_earlier(folder: Path, options: IndexOptions, embedder: Embedder) -> Earlier | None:
    """Return what an index holds; None if there is none, or a damaged one, which a build replaces."""
    try:
        generation = open_generation(folder)
        generation.check()
    except UserError:
        return None
    manifest = generation.manifest
    documents = Documents(generation.files)
    usable = own_vectors(manifest, embedder) and manifest.structure is not None
    return Earlier(
        manifest,
        documents,
        Chunks(generation.files, documents),
        same=made_alike(manifest, options, embedder),
        vectors=Column(generation[VECTORS], "<f4", embedder.dimension) if usable else None,
        _generation=generation,
    )
