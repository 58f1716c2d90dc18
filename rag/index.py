"""Open an index and search it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .corpus import CHUNKS, DOCUMENTS, read_corpus
from .embedders import Embedder, open_embedder
from .embedding import digest
from .extra import needs_extra
from .filters import allowed_chunks
from .manifest import Manifest
from .records import Chunk, Document, Hit
from .retrievers import Ranker, bm25, dense, hybrid
from .store import Generation, open_generation
from .tokens import TOKENIZER

if TYPE_CHECKING:
    from .embedding import Vectors
    from .filters import Where


class Index:
    """Search the chunks of one generation of an index.

    Attributes:
        manifest: What the index consists of.
        documents: The documents by id.
        chunks: All chunks, in the order of their documents.
    """

    def __init__(
        self, manifest: Manifest, documents: Mapping[str, Document], chunks: Sequence[Chunk], ranker: Ranker
    ) -> None:
        self.manifest = manifest
        self.documents = documents
        self.chunks = chunks
        self._ranker = ranker

    def search(self, question: str, top_k: int = 5, where: "Where | None" = None) -> list[Hit]:
        """Return the chunks that answer a question best, best first.

        Args:
            question: In any language that the documents are in.
            top_k: Most hits to return, at least 1; fewer come back when fewer have anything to do with the question.
            where: Which documents may be found; ``top_k`` counts hits in these.
        """
        return self.search_many([question], top_k, where)[0]

    def search_many(self, questions: Sequence[str], top_k: int = 5, where: "Where | None" = None) -> list[list[Hit]]:
        """Return the hits of several questions, in the order of the questions."""
        if not questions:
            return []
        with needs_extra():
            allowed = None if where is None else allowed_chunks(where, self.documents, self.chunks)
            rankings = self._ranker.rank(questions, top_k, allowed)
        return [[self._hit(place, score) for place, score in ranking] for ranking in rankings]

    def _hit(self, place: int, score: float) -> Hit:
        chunk = self.chunks[place]
        return Hit(chunk.document, chunk.number, chunk.start, chunk.end, score, chunk.text)


def open_index(folder: Path) -> Index:
    """Open an index and check every file of it.

    Args:
        folder: As given to ``build_index``.

    Raises:
        UserError: There is no index, a file of it is missing or damaged, or its embedder is another one now.
    """
    generation = open_generation(folder)
    try:
        return _load(generation)
    except UserError:
        newer = open_generation(folder)  # a build may have replaced the generation while it was read
        if newer.folder == generation.folder:
            raise
        return _load(newer)


def _load(generation: Generation) -> Index:
    manifest = generation.manifest
    if manifest.tokenizer != TOKENIZER:
        raise UserError(say("rag.other_version", folder=generation.folder.parent), say("rag.build_hint"))
    files = {name: generation.read(name) for name in manifest.files}
    documents, chunks = read_corpus({name: files[name] for name in (DOCUMENTS, CHUNKS)})
    with needs_extra():
        return Index(manifest, documents, chunks, _ranker(manifest, files, len(chunks)))


def _ranker(manifest: Manifest, files: Mapping[str, bytes], chunks: int) -> Ranker:
    lexical = bm25.Retriever.load(files, chunks)
    if manifest.retriever == "bm25":
        return lexical
    embedder = _same_embedder(manifest)
    near = dense.Retriever.load(files, embedder)
    return near if manifest.retriever == "dense" else hybrid.Retriever(lexical, near, embedder.weight)


def _same_embedder(manifest: Manifest) -> Embedder:
    embedder = open_embedder(manifest.options.embedder)
    if (embedder.identity, embedder.dimension) != (manifest.embedder.identity, manifest.embedder.dimension):
        raise UserError(
            say("rag.other_embedder", built=manifest.embedder.identity, found=embedder.identity), say("rag.build_hint")
        )
    return embedder


def known_vectors(folder: Path, embedder: Embedder) -> "Vectors":
    """Return the vectors that the index holds already of this embedder, by the digest of their text."""
    try:
        generation = open_generation(folder)
        if generation.manifest.embedder.identity != embedder.identity or generation.manifest.retriever == "bm25":
            return {}
        files = {name: generation.read(name) for name in (DOCUMENTS, CHUNKS, *dense.Retriever.file_names())}
    except UserError:  # no index yet, or a damaged one, which the build replaces
        return {}
    _, chunks = read_corpus(files)
    vectors = dense.Retriever.load(files, embedder).vectors
    return {digest(chunk.searchable): vector for chunk, vector in zip(chunks, vectors, strict=True) if vector.any()}
