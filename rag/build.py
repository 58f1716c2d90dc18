"""Build an index from sources: read, cut, measure, embed, rank, and keep it all in one step."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .chunkers import Size, chunk_document, find_chunker
from .corpus import corpus_files
from .embedders import Embedder, open_embedder
from .embedding import embed_passages, stack
from .extra import needs_extra
from .gate import Reach, measure_reach
from .index import known_vectors
from .limits import Limits
from .manifest import EmbedderEntry, Manifest, Reason
from .records import Chunk, Document, IndexOptions, IndexSummary
from .retrievers import bm25, dense, retriever_names
from .ruler import Ruler
from .sources import Reading, read_sources
from .store import PARTS, being_built, write_generation
from .tokens import TOKENIZER, tokenize

READABLE_SHARE = 0.01  # below this share of readable chunks, embedding them is not worth its time


@dataclass(frozen=True)
class _Choice:
    """Hold which retriever an index uses, and why."""

    retriever: str
    reason: Reason


def build_index(
    sources: Sequence[Path],
    folder: Path,
    options: IndexOptions | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> IndexSummary:
    """Build the index of some sources, or build it anew; readers see the old one until the new one is complete.

    Args:
        sources: Files and folders.
        folder: Where the index is kept; created when missing.
        options: How to build it; the defaults when None.
        progress: Is told how far the work is.
        limits: What each file may unpack to; the defaults when None.

    Raises:
        UserError: A source is missing, nothing could be read, an option names nothing that exists, or the folder
            cannot be written.
    """
    options = _checked(options or IndexOptions())
    with needs_extra():
        embedder = open_embedder(options.embedder)
        reading = read_sources(sources, limits)
        chunks = _cut(reading.documents, options, embedder, progress)
        with being_built(folder):
            return _build(folder, reading, chunks, options, embedder, progress)


def _checked(options: IndexOptions) -> IndexOptions:
    """Return the options with the embedder's folder, if it is one, as a path that holds wherever a reader starts."""
    find_chunker(options.chunker)
    if options.retriever not in ("auto", *retriever_names()):
        names = ", ".join(("auto", *retriever_names()))
        raise UserError(say("rag.unknown_retriever", name=options.retriever, names=names))
    if options.overlap * 2 > options.chunk_tokens:
        raise UserError(say("rag.overlap_too_large", overlap=options.overlap, most=options.chunk_tokens // 2))
    folder = Path(options.embedder).expanduser()
    here = options.embedder != "builtin" and folder.is_dir()
    return options.model_copy(update={"embedder": str(folder.resolve())}) if here else options


def _cut(documents: Sequence[Document], options: IndexOptions, embedder: Embedder, progress: Progress) -> list[Chunk]:
    chunker = find_chunker(options.chunker)
    tokens = min(options.chunk_tokens, embedder.longest or options.chunk_tokens)
    size = Size(tokens, min(options.overlap, tokens // 2))
    chunks: list[Chunk] = []
    for number, document in enumerate(documents, start=1):
        chunks += chunk_document(document, chunker, Ruler(embedder.token_starts(document.text)), size)
        progress(say("rag.cutting"), number, len(documents))
    if not any(tokenize(chunk.searchable) for chunk in chunks):
        raise UserError(say("rag.no_text"), say("rag.nothing_read_hint"))
    return chunks


def _build(
    folder: Path, reading: Reading, chunks: list[Chunk], options: IndexOptions, embedder: Embedder, progress: Progress
) -> IndexSummary:
    texts = [chunk.searchable for chunk in chunks]
    reach = measure_reach(embedder, [chunk.text for chunk in chunks])
    choice = _choose(options, reach)
    files = corpus_files(reading.documents, chunks) | bm25.Retriever.build(texts).files()
    embedded = 0
    if choice.retriever != "bm25":
        known = known_vectors(folder, embedder)
        readable = [text for text, fits in zip(texts, reach.readable, strict=True) if fits]
        embedded = embed_passages(embedder, readable, known, folder / PARTS, progress)
        vectors = stack(texts, known, embedder.dimension)
        files |= dense.Retriever.build(vectors, embedder).files()
    manifest = _describe(options, embedder, reach, choice, len(reading.documents), len(chunks))
    write_generation(folder, files, manifest)
    return _summarise(manifest, embedded, reading)


def _choose(options: IndexOptions, reach: Reach) -> _Choice:
    """Return the retriever that the options name, or for ``auto`` the one that measurements speak for."""
    if options.retriever != "auto":
        return _Choice(options.retriever, "chosen")
    if options.embedder == "builtin":
        return _Choice("hybrid", "lexical")
    if sum(reach.readable) < READABLE_SHARE * len(reach.readable):
        return _Choice("bm25", "unreadable")
    return _Choice("hybrid", "fused")


def _describe(
    options: IndexOptions, embedder: Embedder, reach: Reach, choice: _Choice, documents: int, chunks: int
) -> Manifest:
    entry = EmbedderEntry(
        identity=embedder.identity,
        dimension=embedder.dimension,
        unknown_share=reach.unknown_share,
        truncated_share=reach.truncated_share,
    )
    return Manifest(
        options=options,
        tokenizer=TOKENIZER,
        embedder=entry,
        retriever=choice.retriever,
        reason=choice.reason,
        documents=documents,
        chunks=chunks,
    )


def _summarise(manifest: Manifest, embedded: int, reading: Reading) -> IndexSummary:
    return IndexSummary(
        documents=manifest.documents,
        chunks=manifest.chunks,
        embedder=manifest.embedder.identity,
        retriever=manifest.retriever,
        reason=say(f"rag.reason_{manifest.reason}", percent=round(100 * manifest.embedder.unknown_share)),
        embedded=embedded,
        unknown_share=manifest.embedder.unknown_share,
        truncated_share=manifest.embedder.truncated_share,
        unread=[asdict(item) for item in reading.unread],
    )
