"""Fill the draft of an index: documents and chunks, words, vectors, and what was measured of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .changes import Kept, New
from .chunkers import Chunker, Size, chunk_document, find_chunker
from .corpus import COLUMN, Chunks, Documents
from .corpus_writer import CorpusWriter
from .draft import Draft
from .earlier import FILES, Earlier
from .embedders import Embedder
from .embedding import FolderParts
from .gate import Reach, measured_length, reach_of
from .known import code_digest
from .manifest import EmbedderEntry, Manifest, Reason, StructureEntry
from .postings import PostingsWriter
from .records import Chunk, Document, IndexOptions
from .retrievers.bm25 import write_peaks
from .retrievers.dense import STRUCTURE
from .ruler import Ruler
from .store import PARTS
from .stores import Work, Written
from .structures import choose_structure
from .tokens import TOKENIZER
from .vectors import Wanted, write_vectors, written_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

READABLE_SHARE = 0.01  # below this share of readable chunks, embedding them is not worth its time
LEXICAL_CHUNKS = 20_000  # the built-in vectors of more chunks fill more than 160 MB, and only reorder what BM25 finds


@dataclass(frozen=True)
class Choice:
    """Hold which retriever an index uses, and why."""

    retriever: str
    reason: Reason


def write_files(draft: Draft, folder: Path, work: Work[Earlier]) -> Written:
    """Write all files of an index but its manifest.

    Args:
        draft: Where to write.
        folder: The index, where what was embedded is kept until the draft is.
        work: What the index has to become.

    Raises:
        UserError: There is nothing to search in the texts.
    """
    options, embedder = work.options, work.embedder
    origins = _write_corpus(draft, work)
    with draft.writer(FILES) as writer:
        writer.write(work.contents.lines())
    documents = Documents({name: draft.read(name) for name in draft.names()})
    chunks = Chunks({name: draft.read(name) for name in draft.names()}, documents)
    table = chunks.table.all()
    reach = reach_of(embedder, table[:, COLUMN["tokens"]], table[:, COLUMN["unknown"]])
    choice = choose(options, reach)
    embedded, structure = 0, None
    if choice.retriever != "bm25":
        wanted = Wanted(chunks, reach.readable, origins)
        embedded = write_vectors(draft, wanted, work.earlier, embedder, FolderParts(folder / PARTS), work.progress)
        structure = _write_structure(draft, reach, options, choice, embedder, work.progress)
    return Written(describe(work, reach, choice, structure, len(documents)), embedded)


def describe(
    work: Work[Any], reach: Reach, choice: Choice, structure: StructureEntry | None, documents: int
) -> Manifest:
    """Return the manifest of an index that was written, without its files."""
    embedder = work.embedder
    entry = EmbedderEntry(
        identity=embedder.identity,
        dimension=embedder.dimension,
        unknown_share=reach.unknown_share,
        truncated_share=reach.truncated_share,
        readable=int(reach.readable.sum()),
    )
    return Manifest(
        options=work.options,
        code=code_digest(),
        tokenizer=TOKENIZER,
        embedder=entry,
        retriever=choice.retriever,
        reason=choice.reason,
        structure=structure,
        documents=documents,
        chunks=len(reach.readable),
    )


def _write_corpus(draft: Draft, work: Work[Earlier]) -> "NDArray[np.int64]":
    """Write documents, chunks and words, and return each chunk's position in the earlier index, -1 for new ones."""
    contents, earlier, embedder = work.contents, work.earlier, work.embedder
    corpus, words, chunker = CorpusWriter(draft), PostingsWriter(), find_chunker(work.options.chunker)
    for number, item in enumerate(contents.items, start=1):
        if isinstance(item, Kept) and earlier is not None:
            corpus.add_kept(earlier.documents, earlier.chunks, item.first, item.end)
        elif isinstance(item, New):
            chunks = cut(item.document, chunker, work.options, embedder)
            lengths = [measured_length(embedder, chunk.text) for chunk in chunks]
            corpus.add(item.document, item.own, item.digest, chunks, lengths)
            for chunk in chunks:
                words.add(chunk.searchable)
        work.progress(say("rag.cutting"), number, len(contents.items))
    origins = corpus.finish()
    if not words.write(draft, origins, earlier.postings if earlier is not None and earlier.same else None):
        raise UserError(say("rag.no_text"), say("rag.nothing_read_hint"))
    write_peaks(draft)
    return origins


def cut(document: Document, chunker: Chunker, options: IndexOptions, embedder: Embedder) -> list[Chunk]:
    """Return the chunks of a document."""
    tokens = min(options.chunk_tokens, embedder.longest or options.chunk_tokens)
    size = Size(tokens, min(options.overlap, tokens // 2))
    return chunk_document(
        document, chunker, Ruler(embedder.token_starts(document.text)), size, options.headers == "titles"
    )


def choose(options: IndexOptions, reach: Reach) -> Choice:
    """Return the retriever that the options name, or for ``auto`` the one that measurements speak for."""
    if options.retriever != "auto":
        return Choice(options.retriever, "chosen")
    if options.embedder == "builtin":
        few = len(reach.readable) <= LEXICAL_CHUNKS
        return Choice("hybrid", "lexical") if few else Choice("bm25", "lexical_large")
    if reach.readable.sum() < READABLE_SHARE * len(reach.readable):
        return Choice("bm25", "unreadable")
    return Choice("hybrid", "fused")


def _write_structure(
    draft: Draft, reach: Reach, options: IndexOptions, choice: Choice, embedder: Embedder, progress: Progress
) -> StructureEntry:
    import faiss
    import numpy as np

    vectors = written_vectors(draft, embedder.dimension).all()
    if choice.retriever == "hybrid" and (options.dense_weight or embedder.weight) < 1:
        return StructureEntry(kind="flat", reason="reorders")
    structure = choose_structure(vectors, np.flatnonzero(reach.readable), options.structure, options.recall, progress)
    if structure.index is not None:
        # not faiss.write_index: it cannot open every path, and writes around our durable writer
        draft.write_array(STRUCTURE, faiss.serialize_index(structure.index))
    return structure.entry
