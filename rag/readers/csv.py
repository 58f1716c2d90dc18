"""Tables: a row is one document; its text is the ``text`` column, or every column with its name."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ...knowledge.messages import say
from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread
from ..tables import row_document
from . import UnreadableError

EXTENSIONS = (".csv", ".tsv")


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield each row below the first, which names the columns, as a document."""
    text = decode(path.read_bytes())
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a field may hold a whole document
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [column.strip() for column in next(rows, [])]
        for row in rows:
            if any(cell.strip() for cell in row):
                yield row_document(header, row, f"{name}#{rows.line_num}")
    except csv.Error as error:
        raise UnreadableError(say("rag.broken_table", line=rows.line_num, reason=error)) from error


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line holds most of."""
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)
