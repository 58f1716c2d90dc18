"""What retrieval passes around: documents, chunks of them, hits, and what was asked for and done."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


@dataclass(frozen=True, slots=True)
class Document:
    """Hold one text as it was read; all offsets count characters of ``text``.

    Attributes:
        id: Unique in an index: the path below the source folder, or the row's own id.
        text: The text; never changed after reading, so that offsets stay true.
        title: What the text is called; searched together with it. May be empty.
        metadata: Anything else that is known about the text.
        markup: Whether headings, tables and code in the text are written as Markdown.
    """

    id: str
    text: str
    title: str = ""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    markup: Literal["plain", "markdown"] = "plain"


@dataclass(frozen=True, slots=True)
class Unread:
    """Name a file, or a line of one, that could not be read, and why, in the user's language."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Hold one stretch of a document: ``document.text[start:end] == text``.

    Attributes:
        document: The document's id.
        number: Position among the document's chunks, from 0.
        start: First character, counted in the document.
        end: One past the last character.
        text: The stretch itself.
        header: Titles that the stretch stands under; searched, but not part of the text.
    """

    document: str
    number: int
    start: int
    end: int
    text: str
    header: str = ""

    @property
    def searchable(self) -> str:
        """Return what search looks at: the text, and after it the titles, so that a length limit cuts those first."""
        return f"{self.text}\n{self.header}" if self.header else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """Hold one answer of a search.

    Attributes:
        document: The document's id.
        chunk: The chunk's number in that document.
        start: First character, counted in the document.
        end: One past the last character.
        score: Higher is better; comparable only within one search, and never a probability.
        text: ``document.text[start:end]``.
    """

    document: str
    chunk: int
    start: int
    end: int
    score: float
    text: str

    def as_json(self) -> dict[str, JsonValue]:
        """Return the hit with the keys of the command line's JSON."""
        return asdict(self)


class IndexOptions(BaseModel):
    """Choose how an index is built.

    Attributes:
        chunker: How documents are cut; a file name in ``rag/chunkers``.
        chunk_tokens: Longest chunk, in the embedder's own tokens; its length limit wins when smaller.
        overlap: Tokens that a chunk repeats of the one before it, at most half of ``chunk_tokens``.
        headers: ``titles`` searches a chunk together with the titles above it, ``none`` the chunk alone.
        embedder: ``builtin``, or a sentence-transformers model by id or folder.
        retriever: How chunks are ranked; a file name in ``rag/retrievers``, or ``auto`` to let the build decide.
        dense_weight: How much the vectors' scores count where both are fused and BM25's count 1; the embedder's own
            weight when None.
        structure: How near vectors are found: ``flat``, ``ivf``, ``hnsw``, or ``auto`` to let the build decide.
        recall: Share of the ten nearest chunks that a search must find, 0.5 to 1; measured at the build.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunker: str = "structure"
    chunk_tokens: int = Field(default=384, ge=8, le=8192)
    overlap: int = Field(default=0, ge=0, le=4096)
    headers: Literal["titles", "none"] = "titles"
    embedder: str = "builtin"
    retriever: str = "auto"
    dense_weight: float | None = Field(default=None, gt=0, le=100)
    structure: Literal["auto", "flat", "ivf", "hnsw"] = "auto"
    recall: float = Field(default=0.95, ge=0.5, le=1)


class IndexSummary(BaseModel):
    """Say what a build made of its sources.

    Attributes:
        documents: Documents read.
        chunks: Chunks indexed.
        embedder: Identity of the embedder.
        retriever: How the index ranks: bm25, dense or hybrid.
        reason: Why it ranks so, in the user's language.
        embedded: Chunks that had to be embedded; the others' vectors were known already.
        unknown_share: Share of the corpus' tokens that the embedder does not know, 0 to 1.
        truncated_share: Share of the chunks that are longer than the embedder reads, 0 to 1.
        unread: Files and lines that could not be read: source and reason.
        added: Documents that an index there did not have before.
        changed: Documents that it had otherwise.
        deleted: Documents that it had and that are gone.
        unchanged: Documents that were taken over as they were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int
    chunks: int
    embedder: str
    retriever: str
    reason: str
    embedded: int
    unknown_share: float
    truncated_share: float
    unread: list[dict[str, str]] = []
    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
