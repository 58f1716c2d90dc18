"""Tables: a row is one document; its text is the ``text`` column, or every column with its name."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from ...knowledge.messages import say
from ..encoding import decode
from ..records import Document, Unread
from . import UnreadableError

EXTENSIONS = (".csv", ".tsv")

_OWN = {"id", "text", "title"}


def read(path: Path, name: str) -> Iterator[Document | Unread]:
    """Yield each row below the first, which names the columns, as a document."""
    text = decode(path.read_bytes())
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [column.strip() for column in next(rows, [])]
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _document(header, row, f"{name}#{rows.line_num}")
    except csv.Error as error:
        raise UnreadableError(say("rag.broken_table", line=rows.line_num, reason=error)) from error


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line holds most of."""
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def _document(header: Sequence[str], row: Sequence[str], name: str) -> Document:
    columns = zip_longest(header, row, fillvalue="")
    pairs = [(column or str(number), cell) for number, (column, cell) in enumerate(columns, start=1) if cell.strip()]
    cells = dict(pairs)
    rest = {column: cell for column, cell in pairs if column not in _OWN} if "text" in cells else {}
    text = cells.get("text") or "\n".join(f"{column}: {cell}" for column, cell in pairs)
    return Document(cells.get("id", name), text, cells.get("title", ""), rest)
