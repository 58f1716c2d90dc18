"""What an index says about itself: settings, identities, measurements, and the checksum of every file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .records import IndexOptions

Reason = Literal["chosen", "fused", "unreadable", "lexical", "lexical_large"]
Structure = Literal["flat", "ivf", "hnsw"]


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
        readable: Chunks that it can read; the others have no vector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: str
    dimension: int
    unknown_share: float
    truncated_share: float
    readable: int


class StructureEntry(BaseModel):
    """Say how near vectors are found, and how well.

    Attributes:
        kind: ``flat`` compares all vectors, ``ivf`` those of the nearest lists, ``hnsw`` follows a graph.
        reason: Why: it was asked for, vectors only reorder what BM25 found, all can be compared fast enough, the sample
            reached the recall with so little work, or nothing faster reached it.
        recall: Share of the ten nearest that a search finds, measured on a sample; 1 for ``flat``.
        sample: Vectors of that sample.
        lists: Lists that the vectors are in, for ``ivf``.
        effort: Lists that are searched, or the breadth of the search in the graph.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Structure
    reason: Literal["chosen", "reorders", "small", "reached", "fallback"]
    recall: float = 1.0
    sample: int = 0
    lists: int = 0
    effort: int = 0


class Manifest(BaseModel):
    """Describe one generation of an index; the same input gives the same manifest, byte for byte.

    Attributes:
        format: Version of the layout.
        options: What the build was asked for.
        code: Digest of the code that read and cut them; what other code made is not used again by an update.
        tokenizer: Identity of the lexical tokenizer.
        embedder: Whose vectors are in the index.
        retriever: How the index ranks.
        reason: Why it ranks so.
        structure: How near vectors are found; None where there are no vectors.
        documents: Number of documents.
        chunks: Number of chunks.
        files: Size and SHA-256 by file name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    options: IndexOptions
    code: str
    tokenizer: str
    embedder: EmbedderEntry
    retriever: str
    reason: Reason
    structure: StructureEntry | None = None
    documents: int
    chunks: int
    files: dict[str, FileEntry] = {}
