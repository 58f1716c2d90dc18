"""Write documents, chunks and words of an index: the new ones in, the gone ones out, the others where they belong."""

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..changes import Kept, New
from ..chunkers import find_chunker
from ..embedding import digest as digest_of
from ..filters import values_of
from ..gate import measured_length
from ..generation import cut
from ..postings import PostingsWriter
from ..records import Chunk, Document
from ..sources import clean
from ..stores import Work
from ..tokens import tokenize
from .connection import Session
from .copying import posting_rows
from .earlier import Earlier
from .words import BLOCK_BITS, CHUNK_BITS, signed_key

if TYPE_CHECKING:
    from collections.abc import Sequence

_DOCUMENTS = (
    *(
        "id",
        "place",
        "first_chunk",
        "chunks",
        "name",
        "own",
        "title",
        "metadata",
        "filters",
        "markup",
        "text",
        "digest",
    ),
)
_CHUNKS = ("id", "document", "number", "first", "last", "text", "header", "key", "length", "tokens", "unknown")
_POSTINGS = ("token", "block", "size", "entries")
_FILES = ("place", "source", "name", "digest", "documents", "complete")
_TOGETHER = 4000  # chunks that are sent at once
_TOKENS_OF_GONE = 1 << 20  # postings that are looked for at once

_TAKE_OUT = """
UPDATE postings p SET size = cardinality(left_over), entries = left_over
FROM (
    SELECT token, block, ARRAY(
        SELECT entry FROM unnest(entries) entry
        WHERE (entry >> {chunk_bits})::integer NOT IN (SELECT unnest($3::integer[])) ORDER BY entry
    ) AS left_over
    FROM postings WHERE (token, block) IN (SELECT * FROM unnest($1::bigint[], $2::integer[]))
) n WHERE (p.token, p.block) = (n.token, n.block)
"""
_PUT_IN = """
INSERT INTO postings SELECT token, block, size, entries FROM added ON CONFLICT (token, block)
DO UPDATE SET size = postings.size + excluded.size, entries = postings.entries || excluded.entries
"""


class CorpusWriter:
    """Make the tables consist of what an index has to consist of.

    Attributes:
        first_chunk: The number from which new chunks are numbered.

    Args:
        session: In a transaction whose schema is that of the tables to write.
        work: What the index has to become.
        fresh: Whether the tables are new; else they are those of the earlier index.
    """

    def __init__(self, session: Session, work: Work[Earlier], fresh: bool) -> None:
        self._session, self._work, self._fresh = session, work, fresh
        self._next_document, self.first_chunk = self._numbers()
        self._next_chunk = self.first_chunk
        self._words = PostingsWriter()
        self._documents: list[tuple[Any, ...]] = []
        self._chunks: list[tuple[Any, ...]] = []
        self._kept: list[tuple[int, int, int]] = []  # number, place and first chunk's place
        self._places = self._chunk_places = 0

    def add_new(self) -> None:
        """Write the new documents, and find the places of all."""
        chunker = find_chunker(self._work.options.chunker)
        for number, item in enumerate(self._work.contents.items, start=1):
            if isinstance(item, Kept) and self._work.earlier is not None:
                for row in self._work.earlier.documents.rows[item.first : item.end]:
                    self._kept.append((row[0], self._places, self._chunk_places))
                    self._pass_places(row[4])
            elif isinstance(item, New):
                chunks = cut(item.document, chunker, self._work.options, self._work.embedder)
                self._add(item, chunks)
            if len(self._chunks) >= _TOGETHER:
                self._send()
            self._work.progress(say("rag.cutting"), number, len(self._work.contents.items))
        self._send()

    def remove_gone(self) -> None:
        """Take out what is of the earlier index and no longer wanted, and put the rest into its places."""
        if self._fresh or self._work.earlier is None:
            return
        kept = {number for number, _, _ in self._kept}
        gone = [row[0] for row in self._work.earlier.documents.rows if row[0] not in kept]
        if gone:
            self._take_out(gone)
        moved = [list(column) for column in zip(*self._kept, strict=True)] or [[], [], []]
        statement = """UPDATE documents d SET place = n.place, first_chunk = n.first
            FROM unnest($1::integer[], $2::integer[], $3::integer[]) AS n(id, place, first)
            WHERE d.id = n.id AND (d.place, d.first_chunk) IS DISTINCT FROM (n.place, n.first)"""
        self._session.change(statement, *moved)

    def add_words(self) -> None:
        """Write the new chunks' postings.

        Raises:
            UserError: There is not one word in the whole index.
        """
        table = "postings" if self._fresh else "added"
        if not self._fresh:
            self._session.run("CREATE TEMPORARY TABLE added (LIKE postings) ON COMMIT DROP")
        for content in posting_rows(self._words, self.first_chunk):
            self._session.copy_bytes(table, _POSTINGS, content)
        if not self._fresh:
            self._session.run(_PUT_IN)
        if not self._session.one("SELECT EXISTS (SELECT 1 FROM postings)")[0]:
            raise UserError(say("rag.no_text"), say("rag.nothing_read_hint"))

    def write_files(self) -> None:
        """Remember which files the documents came from."""
        self._session.run("DELETE FROM files")
        files = [(place, *astuple(record)) for place, record in enumerate(self._work.contents.files)]
        self._session.copy("files", _FILES, [(*row[:2], clean(row[2]), *row[3:]) for row in files])

    def counts(self) -> tuple[int, int]:
        """Return how many documents and chunks there are."""
        return self._places, self._chunk_places

    def _numbers(self) -> tuple[int, int]:
        statement = (
            "SELECT (SELECT coalesce(max(id) + 1, 0) FROM documents), (SELECT coalesce(max(id) + 1, 0) FROM chunks)"
        )
        document, chunk = self._session.one(statement)
        return document, chunk

    def _add(self, item: New, chunks: "Sequence[Chunk]") -> None:
        document, number = item.document, self._next_document
        place = (number, self._places, self._chunk_places, len(chunks))
        self._documents.append((*place, *_document_row(document, item.own), item.digest))
        for chunk in chunks:
            length = measured_length(self._work.embedder, chunk.text)
            row = (number, chunk.number, chunk.start, chunk.end, chunk.text, clean(chunk.header))
            words = self._words.add(chunk.searchable)
            self._chunks.append((self._next_chunk, *row, digest_of(chunk.searchable), words, *length))
            self._next_chunk += 1
        self._next_document += 1
        self._pass_places(len(chunks))

    def _pass_places(self, chunks: int) -> None:
        self._places += 1
        self._chunk_places += chunks

    def _send(self) -> None:
        self._session.copy("documents", _DOCUMENTS, self._documents)
        self._session.copy("chunks", _CHUNKS, self._chunks)
        self._documents, self._chunks = [], []

    def _take_out(self, documents: list[int]) -> None:
        rows = self._session.rows("SELECT id, text, header FROM chunks WHERE document = ANY($1::integer[])", documents)
        touched = {
            (signed_key(token), number >> BLOCK_BITS)
            for number, text, header in rows
            for token in tokenize(Chunk("", 0, 0, 0, text, header).searchable)
        }
        numbers, places = [number for number, _, _ in rows], sorted(touched)
        for start in range(0, len(places), _TOKENS_OF_GONE):
            tokens, blocks = zip(*places[start : start + _TOKENS_OF_GONE], strict=True)
            self._session.change(_TAKE_OUT.format(chunk_bits=CHUNK_BITS), tokens, blocks, numbers)
        self._session.run("DELETE FROM postings WHERE size = 0")
        self._session.change("DELETE FROM vectors WHERE chunk = ANY($1::integer[])", numbers)
        self._session.change("DELETE FROM chunks WHERE id = ANY($1::integer[])", numbers)
        self._session.change("DELETE FROM documents WHERE id = ANY($1::integer[])", documents)


def _document_row(document: Document, own: str) -> tuple[str, ...]:
    filters = {clean(key): sorted(map(clean, values)) for key, values in values_of(document).items()}
    metadata = json.dumps(dict(document.metadata))
    names = (document.id, own, document.title)
    return (*names, metadata, json.dumps(filters, ensure_ascii=False), document.markup, document.text)
