"""Read documents and chunks from an index one by one, when they are asked for."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

from .columns import Column, Rows
from .filters import allowed_chunks
from .library import Library, Passages
from .records import Chunk, Document

if TYPE_CHECKING:
    from .files import CheckedFile
    from .filters import Where
    from .retrievers import Allowed

DOCUMENTS, TEXTS, DOCUMENT_TABLE = "documents.jsonl", "texts.utf8", "documents.table"
NAMES, DIGESTS = "documents.names", "documents.digests"
CHUNK_TABLE, CHUNK_KEYS = "chunks.table", "chunks.keys"
HEADERS, HEADER_BORDERS = "headers.utf8", "headers.borders"
KEY = 32  # bytes

DOCUMENT_COLUMNS = ("row", "text", "chunk")
"""Where a document's line, text and chunks begin; the last row is where the last document's end."""
CHUNK_COLUMNS = ("document", "start", "end", "text_start", "text_end", "header", "tokens", "unknown")
"""A chunk's document, its offsets in characters and in bytes of all texts, its header, and its length in the
embedder's tokens with how many of them are unknown."""
COLUMN = {name: place for place, name in enumerate(CHUNK_COLUMNS)}


class Documents(Library):
    """Read the documents of an index by their id.

    Attributes:
        table: Where each begins, in the order of ``DOCUMENT_COLUMNS``.
        digests: What each was when it was read.
        lines: What is known of each but the text.
        texts: The texts, one after the other.
    """

    def __init__(self, files: "Mapping[str, CheckedFile]") -> None:
        self.table = Column(files[DOCUMENT_TABLE], "<i8", len(DOCUMENT_COLUMNS))
        self.digests = Column(files[DIGESTS], "<u8", 4)
        self._names = Column(files[NAMES], "<u8", 2)
        self.lines, self.texts = files[DOCUMENTS], files[TEXTS]

    def __len__(self) -> int:
        return len(self.table) - 1

    def __iter__(self) -> Iterator[str]:
        return (self.line(row)[0] for row in range(len(self)))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.row(name) is not None

    def __getitem__(self, name: str) -> Document:
        row = self.row(name)
        if row is None:
            raise KeyError(name)
        return self.at(row)

    def at(self, row: int) -> Document:
        """Return the document of a row."""
        name, _, title, metadata, markup = self.line(row)
        (_, start, _), (_, end, _) = self.table.rows(row, row + 2).tolist()
        return Document(name, str(self.texts.read(start, end), "utf-8"), title, metadata, markup)

    def line(self, row: int) -> list[Any]:
        """Return id, own id, title, metadata and markup of the document of a row."""
        (start, _, _), (end, _, _) = self.table.rows(row, row + 2).tolist()
        return cast(list[Any], json.loads(bytes(self.lines.read(start, end))))

    def allowed(self, where: "Where") -> "Allowed":
        """Return for each chunk whether its document satisfies the conditions, shape ``(chunks,)``.

        Raises:
            UserError: A key that no document has.
        """
        return allowed_chunks(where, self)

    def row(self, name: str) -> int | None:
        """Return the row of the document with an id, or None."""
        import numpy as np

        names = self._names.all()
        key = name_key(name)
        place = int(np.searchsorted(names[:, 0], np.uint64(key)))
        while place < len(names) and int(names[place, 0]) == key:
            row = int(names[place, 1])
            if self.line(row)[0] == name:
                return row
            place += 1
        return None


class Chunks(Passages):
    """Read the chunks of an index by their position.

    Attributes:
        table: Their numbers, in the order of ``CHUNK_COLUMNS``.
        headers: All headers.
        keys: The digests of what they are searched by, one after the other.
    """

    def __init__(self, files: "Mapping[str, CheckedFile]", documents: Documents) -> None:
        self.table = Column(files[CHUNK_TABLE], "<i8", len(CHUNK_COLUMNS))
        self.headers = Rows(files[HEADERS], Column(files[HEADER_BORDERS], "<i8"))
        self.keys = files[CHUNK_KEYS]
        self._documents = documents

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, place: int) -> Chunk: ...
    @overload
    def __getitem__(self, place: slice) -> list[Chunk]: ...
    def __getitem__(self, place: int | slice) -> Chunk | list[Chunk]:
        if isinstance(place, slice):
            return self.many(range(*place.indices(len(self))))
        place = range(len(self))[place]
        (document, start, end, first, last, header, _, _) = self.table.rows(place, place + 1)[0].tolist()
        (_, _, chunk), _ = self._documents.table.rows(document, document + 2).tolist()
        text = str(self._documents.texts.read(first, last), "utf-8")
        name = self._documents.line(document)[0]
        return Chunk(name, place - chunk, start, end, text, self.headers[header].decode())

    def many(self, places: Sequence[int]) -> list[Chunk]:
        """Return the chunks of some positions, in their order."""
        return [self[place] for place in places]

    def searchable(self, place: int) -> str:
        """Return what a chunk is searched by, without reading its document."""
        (_, _, _, first, last, header, _, _) = self.table.rows(place, place + 1)[0].tolist()
        text = str(self._documents.texts.read(first, last), "utf-8")
        return Chunk("", 0, 0, 0, text, self.headers[header].decode()).searchable


def name_key(name: str) -> int:
    """Return the number by which an id is looked up."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:8], "little")


def document_digest(document: Document) -> bytes:
    """Return the SHA-256 of all that a document is."""
    row = [document.id, document.title, document.markup, dict(document.metadata)]
    total = hashlib.sha256(json.dumps(row).encode())
    total.update(document.text.encode())
    return total.digest()
