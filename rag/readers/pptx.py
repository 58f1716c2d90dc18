"""Slides: each starts with its title as a heading; texts, tables and the speaker's notes follow."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...knowledge.json_value import JsonValue
from ...knowledge.messages import say
from ..limits import Limits, open_archive
from ..records import Document, Unread
from ..tables import markdown_table
from . import UnreadableError

EXTENSIONS = (".pptx", ".pptm")


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document of Markdown; ``slides`` in its metadata holds the offset at which each begins."""
    from pptx import Presentation

    open_archive(path, limits).close()
    try:
        file = Presentation(str(path))
        slides = [_slide(number, slide) for number, slide in enumerate(file.slides, start=1)]
        title = (file.core_properties.title or "").strip()
    except Exception as error:  # whatever a broken file makes the library and its XML parser raise
        raise UnreadableError(say("rag.broken_file", reason=error)) from error
    text = ""
    starts: list[JsonValue] = []
    for slide in slides:
        starts.append(len(text))
        text += f"{slide}\n\n" if slide else ""
    yield Document(name, text.rstrip(), title, {"slides": starts}, "markdown")


def _slide(number: int, slide: Any) -> str:  # noqa: ANN401 - the library's slide
    title = slide.shapes.title
    words = " ".join(title.text_frame.text.split()) if title is not None else ""
    texts = [text for shape in slide.shapes if shape != title for text in _texts(shape)]
    notes = slide.notes_slide.notes_text_frame.text.strip() if slide.has_notes_slide else ""
    parts = [part for part in (*texts, notes) if part]
    return "\n\n".join([f"# {words or number}", *parts]) if words or parts else ""


def _texts(shape: Any) -> Iterable[str]:  # noqa: ANN401 - the library's shape
    if hasattr(shape, "shapes"):  # a group
        for inner in shape.shapes:
            yield from _texts(inner)
    elif getattr(shape, "has_table", False):
        yield markdown_table([cell.text for cell in row.cells] for row in shape.table.rows)
    elif shape.has_text_frame:
        yield "\n".join(line.text.strip() for line in shape.text_frame.paragraphs if line.text.strip())
