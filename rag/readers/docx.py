"""Word: headings, lists and tables become Markdown; headers and footers count only where there is nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...knowledge.messages import say
from ..limits import Limits, open_archive
from ..records import Document, Unread
from ..tables import markdown_table
from . import UnreadableError

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

EXTENSIONS = (".docx", ".docm")

_DEEPEST = 6


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document of Markdown, in the order of the page."""
    from docx import Document as open_document

    open_archive(path, limits).close()
    try:
        document = _document(open_document(str(path)), name)
    except Exception as error:  # whatever a broken file makes the library and its XML parser raise
        raise UnreadableError(say("rag.broken_file", reason=error)) from error
    yield document


def _document(file: Any, name: str) -> Document:  # noqa: ANN401 - the library's document
    text = "\n\n".join(filter(None, map(_block, file.iter_inner_content())))
    title = (file.core_properties.title or "").strip()
    author = file.core_properties.author
    return Document(name, text or _margins(file), title, {"author": author} if author else {}, "markdown")


def _block(block: "Paragraph | Table") -> str:
    if hasattr(block, "rows"):
        return markdown_table(_rows(block))
    text = block.text.strip()
    style = (block.style.name or "") if block.style else ""
    if style.startswith("Heading ") and style[8:].isdigit() and text:
        return f"{'#' * min(int(style[8:]), _DEEPEST)} {' '.join(text.split())}"
    if style == "Title" and text:
        return f"# {' '.join(text.split())}"
    return f"- {text}" if style.startswith("List") and text else text


def _rows(table: Any) -> Iterator[list[str]]:  # noqa: ANN401 - the library's table
    """Yield the rows' texts; a cell merged over columns once, one merged over rows in each.

    The library's own cells repeat a merged cell as often as the file says, which may be a billion times.
    """
    from docx.table import _Cell

    above: dict[int, str] = {}
    for row in table.rows:
        here: dict[int, str] = {}
        column = row._tr.grid_before
        for cell in row._tr.tc_lst:
            here[column] = above.get(column, "") if cell.vMerge == "continue" else _Cell(cell, table).text
            column += max(cell.grid_span, 1)
        above = here
        yield list(here.values())


def _margins(file: Any) -> str:  # noqa: ANN401 - the library's document
    parts = [part for section in file.sections for part in (section.header, section.footer)]
    return "\n\n".join(dict.fromkeys(one.text.strip() for part in parts for one in part.paragraphs if one.text.strip()))
