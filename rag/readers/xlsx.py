"""Spreadsheets: as in other tables, a row is one document; the first row of a sheet names the columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...knowledge.messages import say
from ..limits import Limits, open_archive
from ..records import Document, Unread
from ..tables import row_document
from . import UnreadableError

EXTENSIONS = (".xlsx", ".xlsm")

MOST_ROWS = 1_048_576
"""Most rows of a sheet. Source: Microsoft Support, "Excel specifications and limits"."""


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield each row of each sheet as a document; formulas count by their last result."""
    from openpyxl import load_workbook

    open_archive(path, limits).close()
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what the file says of its size; rows would be padded to that
                yield from _rows(sheet, f"{name}#{sheet.title}", limits)
        finally:
            book.close()
    except UnreadableError:
        raise
    except Exception as error:  # whatever a broken file makes the library and its XML parser raise
        raise UnreadableError(say("rag.broken_file", reason=error)) from error


def _rows(sheet: Any, name: str, limits: Limits) -> Iterator[Document]:  # noqa: ANN401 - the library's sheet
    """Yield the rows; a row is as wide as its last cell, and those below which nothing may lie are not waited for."""
    header: list[str] | None = None
    walked = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        walked += len(row)
        if walked > limits.cells or number > MOST_ROWS:
            raise UnreadableError(say("rag.too_many_cells", sheet=sheet.title, row=number, most=limits.cells))
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        if not any(cells):
            continue
        if header is None:
            header = cells
        else:
            yield row_document(header, cells, f"{name}!{number}", sheet.title, {"sheet": sheet.title, "row": number})
    if header is not None and number == 1:
        yield row_document([], header, f"{name}!1", sheet.title, {"sheet": sheet.title, "row": 1})
