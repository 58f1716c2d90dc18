"""Tell what is in an index, and check all of it."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .earlier import FILES, read_files
from .extra import needs_extra
from .manifest import EmbedderEntry, Reason, StructureEntry
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
        generation: Name of its current generation.
        sources: Where its documents came from.
        documents: How many there are.
        chunks: How many there are.
        options: What it was built with.
        tokenizer: What cuts text into words.
        embedder: Whose vectors it holds, and how much of the text that embedder can read.
        retriever: How it ranks.
        reason: Why it ranks so.
        structure: How near vectors are found, why, and with which measured recall; None without vectors.
        bytes: Sizes by kind of file.
        verified: Whether every block of every file was compared with its hash just now.
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


def inspect_index(folder: Path, verify: bool = False) -> Inspection:
    """Return what an index says about itself.

    Args:
        folder: The index.
        verify: Compare every block of every file with its hash, however large the index is.

    Raises:
        UserError: There is no index, or a file of it is missing or damaged.
    """
    with needs_extra():
        generation = open_generation(folder)
        if verify:
            generation.check()
        sources, _ = read_files(generation[FILES])
    manifest = generation.manifest
    sizes = {
        kind: sum(entry.bytes for name, entry in manifest.files.items() if holds(name))
        for kind, holds in _KINDS.items()
    }
    return Inspection(
        generation=generation.folder.name,
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
        verified=verify,
    )
