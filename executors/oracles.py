"""Find the passages that hold a row's answer."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..rag.records import Chunk, Document, Hit
from .data import Row

Place = tuple[str, int]
"""A document's id and the number of a chunk in it."""

SHOWN_PROBLEMS = 20


class Searchable(Protocol):
    """What is needed of an index."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by id."""

    @property
    def chunks(self) -> Sequence[Chunk]:
        """All chunks."""

    def search_many(self, questions: Sequence[str], top_k: int, /) -> list[list[Hit]]:
        """Return the best hits of each question, best first."""


def place(hit: Hit) -> Place:
    """Return where a hit stands."""
    return hit.document, hit.chunk


def plain(text: str) -> str:
    """Return a text as it is compared: without differences of white space and case."""
    return " ".join(text.split()).casefold()


class OracleFinder:
    """Look for answers in the documents of an index.

    Args:
        index: An open index.
    """

    def __init__(self, index: Searchable) -> None:
        self._documents = index.documents
        self._chunks: dict[str, list[Chunk]] = {}
        for chunk in index.chunks:
            self._chunks.setdefault(chunk.document, []).append(chunk)

    def check(self, rows: Sequence[Row]) -> None:
        """Verify what rows say about the documents.

        Raises:
            UserError: Quotes that stand in no document, or documents that do not exist; each with its line.
        """
        problems = [say("problems.line", line=row.line, text=text) for row in rows for text in self._problems(row)]
        if problems:
            head = say("evaluation.example_problems", count=len(problems))
            more = len(problems) - SHOWN_PROBLEMS
            tail = [say("training.data_more", count=more)] if more > 0 else []
            message = "\n".join([head, *problems[:SHOWN_PROBLEMS], *tail])
            raise UserError(message, say("evaluation.example_hint"))

    def find(self, row: Row, hits: Sequence[Hit]) -> list[Hit]:
        """Return the passages with the answer: the retrieved ones in their order, then the others.

        A quote decides if there is one, else the relevant documents, else the answer's own words in a retrieved
        passage.

        Args:
            row: The question with what is known of its answer.
            hits: What the index found for the question.
        """
        if row.quote is None and not row.relevant:
            return [hit for hit in hits if plain(row.answer) in plain(hit.text)]
        chunks = {(chunk.document, chunk.number): chunk for chunk in self._holding(row)}
        retrieved = [hit for hit in hits if place(hit) in chunks]
        known = {place(hit) for hit in retrieved}
        return retrieved + [_as_hit(chunk) for where, chunk in chunks.items() if where not in known]

    def _problems(self, row: Row) -> list[str]:
        missing = [name for name in row.relevant if name not in self._documents]
        if missing:
            return [say("evaluation.document_not_found", document=name) for name in missing]
        if row.quote is not None and not self._holding(row):
            return [say("evaluation.quote_not_found", quote=row.quote)]
        return []

    def _holding(self, row: Row) -> list[Chunk]:
        documents = row.relevant or tuple(self._documents)
        if row.quote is None:
            return [chunk for name in documents for chunk in self._chunks.get(name, [])]
        return [chunk for name in documents for chunk in self._quoting(name, row.quote)]

    def _quoting(self, document: str, quote: str) -> list[Chunk]:
        """Return the chunks with the whole quote, or, where a border cuts it, those with a part of it."""
        start = self._documents[document].text.find(quote)
        if start < 0:
            return []
        chunks = self._chunks.get(document, [])
        whole = [chunk for chunk in chunks if quote in chunk.text]
        return whole or [chunk for chunk in chunks if chunk.start < start + len(quote) and start < chunk.end]


def _as_hit(chunk: Chunk) -> Hit:
    return Hit(chunk.document, chunk.number, chunk.start, chunk.end, 0.0, chunk.text)
