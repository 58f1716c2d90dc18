"""Write documents and chunks into a draft of an index, new ones and whole stretches of an earlier index."""

import json
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .columns import borders
from .corpus import (
    CHUNK_KEYS,
    CHUNK_TABLE,
    COLUMN,
    DIGESTS,
    DOCUMENT_TABLE,
    DOCUMENTS,
    HEADER_BORDERS,
    HEADERS,
    KEY,
    NAMES,
    TEXTS,
    Chunks,
    Documents,
    name_key,
)
from .draft import Draft
from .embedding import digest as digest_of
from .records import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COPIED = 1 << 24  # bytes at a time


class CorpusWriter:
    """Write documents with their chunks in the order of an index.

    Attributes:
        documents: How many were written.
        chunks: How many were written.
    """

    def __init__(self, draft: Draft) -> None:
        self.documents = self.chunks = 0
        self._draft = draft
        self._lines, self._texts, self._table = (draft.open(name) for name in (DOCUMENTS, TEXTS, CHUNK_TABLE))
        self._keys = draft.open(CHUNK_KEYS)
        self._line_bytes = self._text_bytes = 0
        self._document_rows, self._names, self._digests = array("q"), array("Q"), bytearray()
        self._headers: dict[bytes, int] = {}
        self._origins = array("q")

    def add(
        self, document: Document, own: str, digest: bytes, chunks: Sequence[Chunk], lengths: Sequence[tuple[int, int]]
    ) -> None:
        """Write a new document.

        Args:
            document: The document under the id that it has in the index.
            own: The id under which it was read.
            digest: Its SHA-256 under that id.
            chunks: Its chunks.
            lengths: Each chunk's length in the embedder's tokens, and how many of them the embedder does not know.
        """
        row = [document.id, own, document.title, dict(document.metadata), document.markup]
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode(errors="backslashreplace")
        text = document.text.encode()
        places = _byte_places(document.text, text, chunks)
        rows = array("q")
        for chunk, (first, last), length in zip(chunks, places, lengths, strict=True):
            border = self._text_bytes + first, self._text_bytes + last
            header = self._header(chunk.header.encode())
            rows.extend((self.documents, chunk.start, chunk.end, *border, header, *length))
        self._begin_document(document.id, digest)
        self._append(line, text, rows.tobytes(), len(chunks))
        self._keys.write(b"".join(digest_of(chunk.searchable) for chunk in chunks))
        self._origins.extend([-1] * len(chunks))

    def add_kept(self, documents: Documents, chunks: Chunks, first: int, end: int) -> None:
        """Write the documents of the rows ``first`` to ``end`` of an earlier index, all of them unchanged."""
        import numpy as np

        table = documents.table.rows(first, end + 1)
        start, last = table[0].tolist(), table[-1].tolist()
        rows = chunks.table.rows(start[2], last[2]).copy()
        rows[:, COLUMN["document"]] += self.documents - first
        rows[:, [COLUMN["text_start"], COLUMN["text_end"]]] += self._text_bytes - start[1]
        rows[:, COLUMN["header"]] = self._headers_of(chunks, rows[:, COLUMN["header"]])
        shift = np.array([self._line_bytes, self._text_bytes, self.chunks]) - table[0]
        self._document_rows.frombytes((table[:-1] + shift).astype("<i8").tobytes())
        for row in range(first, end):
            self._names.extend((name_key(documents.line(row)[0]), self.documents + row - first))
        self._digests += documents.digests.rows(first, end).tobytes()
        self.documents += end - first
        self._copy(documents, start, last)
        self._keys.write(chunks.keys.read(KEY * start[2], KEY * last[2]))
        self._origins.extend(range(start[2], last[2]))
        self._append(b"", b"", rows.tobytes(), len(rows))

    def finish(self) -> "NDArray[np.int64]":
        """Complete the files, and return for each chunk its position in the earlier index, -1 for new ones."""
        import numpy as np

        draft = self._draft
        for name, writer in (
            (DOCUMENTS, self._lines),
            (TEXTS, self._texts),
            (CHUNK_TABLE, self._table),
            (CHUNK_KEYS, self._keys),
        ):
            draft.close(name, writer)
        self._document_rows.extend((self._line_bytes, self._text_bytes, self.chunks))
        draft.write_array(DOCUMENT_TABLE, np.array(self._document_rows, dtype="<i8"))
        names = np.array(self._names, dtype="<u8").reshape(-1, 2)
        draft.write_array(NAMES, names[np.argsort(names[:, 0], kind="stable")])
        draft.write_array(DIGESTS, np.frombuffer(bytes(self._digests), np.uint8))
        with draft.writer(HEADERS) as headers:
            headers.write(b"".join(self._headers))
        draft.write_array(HEADER_BORDERS, borders(map(len, self._headers)))
        return np.array(self._origins, dtype=np.int64)

    def _begin_document(self, name: str, digest: bytes) -> None:
        self._document_rows.extend((self._line_bytes, self._text_bytes, self.chunks))
        self._names.extend((name_key(name), self.documents))
        self._digests += digest
        self.documents += 1

    def _append(self, line: bytes, text: bytes, rows: bytes, chunks: int) -> None:
        self._lines.write(line)
        self._texts.write(text)
        self._table.write(rows)
        self._line_bytes += len(line)
        self._text_bytes += len(text)
        self.chunks += chunks

    def _copy(self, documents: Documents, start: Sequence[int], end: Sequence[int]) -> None:
        for place in range(start[0], end[0], _COPIED):
            self._lines.write(documents.lines.read(place, min(place + _COPIED, end[0])))
        for place in range(start[1], end[1], _COPIED):
            self._texts.write(documents.texts.read(place, min(place + _COPIED, end[1])))
        self._line_bytes += end[0] - start[0]
        self._text_bytes += end[1] - start[1]

    def _headers_of(self, chunks: Chunks, kept: "NDArray[Any]") -> "NDArray[Any]":
        """Return the headers' numbers here, given in the order in which they appear, as in a build from nothing."""
        import numpy as np

        used, first, places = np.unique(kept, return_index=True, return_inverse=True)
        numbers = np.empty(len(used), dtype=np.int64)
        for place in np.argsort(first).tolist():
            numbers[place] = self._header(chunks.headers[int(used[place])])
        return numbers[places]

    def _header(self, header: bytes) -> int:
        return self._headers.setdefault(header, len(self._headers))


def _byte_places(text: str, encoded: bytes, chunks: Sequence[Chunk]) -> list[tuple[int, int]]:
    """Return where each chunk begins and ends in the encoded text."""
    if len(text) == len(encoded):
        return [(chunk.start, chunk.end) for chunk in chunks]
    places: dict[int, int] = {}
    characters = size = 0
    for place in sorted({border for chunk in chunks for border in (chunk.start, chunk.end)}):
        size += len(text[characters:place].encode())
        characters, places[place] = place, size
    return [(places[chunk.start], places[chunk.end]) for chunk in chunks]
