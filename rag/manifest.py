"""What an index says about itself: settings, identities, measurements, and the checksum of every file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .records import IndexOptions

Reason = Literal["chosen", "fused", "unreadable", "lexical"]


class FileEntry(BaseModel):
    """Hold a file's size and SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class EmbedderEntry(BaseModel):
    """Name the embedder whose vectors an index holds.

    Attributes:
        identity: As the embedder states it; covers its weights.
        dimension: Numbers per vector.
        unknown_share: Share of the corpus' tokens that it does not know, 0 to 1.
        truncated_share: Share of the chunks that are longer than it reads, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: str
    dimension: int
    unknown_share: float
    truncated_share: float


class Manifest(BaseModel):
    """Describe one generation of an index; the same input gives the same manifest, byte for byte.

    Attributes:
        format: Version of the layout.
        options: What the build was asked for.
        tokenizer: Identity of the lexical tokenizer.
        embedder: Whose vectors are in the index.
        retriever: How the index ranks.
        reason: Why it ranks so.
        documents: Number of documents.
        chunks: Number of chunks.
        files: Size and SHA-256 by file name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    options: IndexOptions
    tokenizer: str
    embedder: EmbedderEntry
    retriever: str
    reason: Reason
    documents: int
    chunks: int
    files: dict[str, FileEntry] = {}
