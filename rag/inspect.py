"""Tell what is in an index, and check all of it."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from .address import Address, Place, at
from .earlier import FILES, read_files
from .extra import needs_extra
from .manifest import EmbedderEntry, Manifest, Reason, StructureEntry
from .records import IndexOptions
from .store import open_generation

_KINDS: dict[str, Callable[[str], bool]] = {
    "documents": lambda name: name.startswith(("documents.", "texts.", "files.")),
    "chunks": lambda name: name.startswith(("chunks.", "headers.")),
    "words": lambda name: name.startswith("words."),
    "vectors": lambda name: name == "vectors.f32",
    "structure": lambda name: name == "vectors.faiss",
    "checksums": lambda name: name == "blocks.sha256",
}


class Inspection(BaseModel):
    """Describe an index.

    Attributes:
        generation: Name of its current generation, or of the schema with its tables.
        sources: Where its documents came from.
        documents: How many there are.
        chunks: How many there are.
        options: What it was built with.
        tokenizer: What cuts text into words.
        embedder: Whose vectors it holds, and how much of the text that embedder can read.
        retriever: How it ranks.
        reason: Why it ranks so.
        structure: How near vectors are found, why, and with which measured recall; None without vectors.
        bytes: Sizes by kind of content.
        verified: Whether everything was compared with its hash just now.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: str
    sources: list[str]
    documents: int
    chunks: int
    options: IndexOptions
    tokenizer: str
    embedder: EmbedderEntry
    retriever: str
    reason: Reason
    structure: StructureEntry | None
    bytes: dict[str, int]
    verified: bool


def inspect_index(place: Place, verify: bool = False) -> Inspection:
    """Return what an index says about itself.

    Args:
        place: The index.
        verify: Compare everything with its hash, however large the index is.

    Raises:
        UserError: There is no index, or something of it is missing or damaged.
    """
    place = at(place)
    if isinstance(place, Address):
        from .postgres.inspect import look

        with needs_extra():
            return _inspection(*look(place, verify), verify)
    with needs_extra():
        generation = open_generation(place)
        if verify:
            generation.check()
        sources, _ = read_files(generation[FILES])
    manifest = generation.manifest
    sizes = {
        kind: sum(entry.bytes for name, entry in manifest.files.items() if holds(name))
        for kind, holds in _KINDS.items()
    }
    return _inspection(manifest, generation.folder.name, sources, sizes, verify)


def _inspection(
    manifest: Manifest, generation: str, sources: list[str], sizes: dict[str, int], verified: bool
) -> Inspection:
    return Inspection(
        generation=generation,
        sources=sources,
        documents=manifest.documents,
        chunks=manifest.chunks,
        options=manifest.options,
        tokenizer=manifest.tokenizer,
        embedder=manifest.embedder,
        retriever=manifest.retriever,
        reason=manifest.reason,
        structure=manifest.structure,
        bytes={kind: size for kind, size in sizes.items() if size},
        verified=verified,
    )
