"""Open an index and search it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .address import Address, Place, at
from .corpus import Chunks, Documents
from .extra import needs_extra
from .fitting import check_tokenizer, same_embedder
from .library import Library, Passages
from .manifest import Manifest
from .records import Hit
from .retrievers import Lexical, Near, Ranker, Ranking, bm25, dense, hybrid
from .store import Generation, open_generation
from .widening import CHUNKER, TIMES, widened

if TYPE_CHECKING:
    from .filters import Where


class Index:
    """Search the chunks of one generation of an index.

    Attributes:
        manifest: What the index consists of.
        documents: The documents by id; each is read when it is asked for.
        chunks: All chunks, in the order of their documents; each is read when it is asked for.
        words: What ranks by words; knows how rare each one is.
        embedder: Whose vectors are searched; None in an index without any.
    """

    def __init__(
        self,
        manifest: Manifest,
        documents: Library,
        chunks: Passages,
        words: Lexical[Any],
        near: Near[Any] | None = None,
    ) -> None:
        self.manifest = manifest
        self.documents = documents
        self.chunks = chunks
        self.words = words
        self._near = near
        self.embedder = None if near is None else near.embedder
        self._ranker = _ranker(manifest, words, near)

    def ranked_by(self, retriever: str, dense_weight: float | None = None) -> "Index":
        """Return the same index with another ranking; one without vectors ranks by words whatever is asked for.

        Args:
            retriever: A file name in ``rag/retrievers``.
            dense_weight: As in ``IndexOptions``.
        """
        options = self.manifest.options.model_copy(update={"retriever": retriever, "dense_weight": dense_weight})
        manifest = self.manifest.model_copy(update={"options": options, "retriever": retriever})
        near = None if retriever == "bm25" else self._near
        return Index(manifest, self.documents, self.chunks, self.words, near)

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
            allowed = None if where is None else self.documents.allowed(where)
            small = self.manifest.options.chunker == CHUNKER
            rankings = self._ranker.rank(questions, top_k * TIMES if small else top_k, allowed)
        hits = [self._hits(ranking) for ranking in rankings]
        return [widened(each, self.documents, top_k) for each in hits] if small else hits

    def _hits(self, ranking: Ranking) -> list[Hit]:
        chunks = self.chunks.many([place for place, _ in ranking])
        return [
            Hit(chunk.document, chunk.number, chunk.start, chunk.end, score, chunk.text)
            for chunk, (_, score) in zip(chunks, ranking, strict=True)
        ]


def open_index(place: Place) -> Index:
    """Open an index: what it is now, whatever a build does while it is used.

    In a folder, every file is checked; of a large one, each block is checked before it is used.

    Args:
        place: As given to ``build_index``.

    Raises:
        UserError: There is no index, a file of it is missing or damaged, its embedder is another one now, or its
            database cannot be used.
    """
    with needs_extra():
        place = at(place)
        if isinstance(place, Address):
            from .postgres.reader import open_parts

            return Index(*open_parts(place))
        return _load(open_generation(place))


def _load(generation: Generation) -> Index:
    manifest = generation.manifest
    check_tokenizer(manifest, generation.folder.parent)
    documents = Documents(generation.files)
    words = bm25.Retriever.load(generation.files)
    return Index(manifest, documents, Chunks(generation.files, documents), words, _near(generation))


def _near(generation: Generation) -> dense.Retriever | None:
    structure = generation.manifest.structure
    if structure is None:
        return None
    return dense.Retriever.load(generation.files, structure, same_embedder(generation.manifest))


def _ranker(manifest: Manifest, words: Lexical[Any], near: Near[Any] | None) -> Ranker[Any]:
    if near is None:
        return words
    weight = manifest.options.dense_weight or near.embedder.weight
    return near if manifest.retriever == "dense" else hybrid.Retriever(words, near, weight)
