"""Rows of tables: as documents of their own, or as lines of a Markdown table."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat

from ..knowledge.json_value import JsonValue
from .records import Document

_OWN = {"id", "text", "title"}


def row_document(
    header: Sequence[str],
    row: Sequence[str],
    name: str,
    title: str = "",
    place: Mapping[str, JsonValue] | None = None,
) -> Document:
    """Return a row as a document: its text is the ``text`` column, or every column with its name.

    Args:
        header: The columns' names; an empty one is shown as its number.
        row: The cells; may be longer or shorter than the header.
        name: The id where the row has no column ``id``.
        title: The title where the row has no column ``title``.
        place: What is known of where the row stands; a column of the same name wins.
    """
    columns = zip(chain(header, repeat("")), row, strict=False)  # a wide header costs a short row nothing
    pairs = [(column or str(number), cell) for number, (column, cell) in enumerate(columns, start=1) if cell.strip()]
    cells = dict(pairs)
    rest = {column: cell for column, cell in pairs if column not in _OWN} if "text" in cells else {}
    text = cells.get("text") or "\n".join(f"{column}: {cell}" for column, cell in pairs)
    return Document(cells.get("id", name), text, cells.get("title", title), {**(place or {}), **rest})


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as lines of a Markdown table, each cell on one line."""
    return "\n".join("| " + " | ".join(" ".join(cell.split()) for cell in row) + " |" for row in rows)
