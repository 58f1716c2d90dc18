"""Say where in its file a stretch of a document stands, in a reader's words: page, slide, sheet, row, heading."""

from bisect import bisect_right

from ..knowledge.json_value import JsonValue
from .records import Document
from .sections import sections

OWN = ("sheet", "row")
"""Metadata that a document's reader states for the whole of it."""


def place_of(document: Document, start: int, end: int) -> dict[str, JsonValue]:
    """Return what is known of the place of ``document.text[start:end]``; nothing is guessed.

    Args:
        document: As it was read.
        start: First character, counted in the document.
        end: One past the last character.
    """
    place: dict[str, JsonValue] = {key: document.metadata[key] for key in OWN if key in document.metadata}
    for key in ("page", "slide"):
        starts = document.metadata.get(f"{key}s")
        if isinstance(starts, list) and starts:
            place[key], last = _number(starts, start), _number(starts, max(start, end - 1))
            if last != place[key]:
                place[f"last_{key}"] = last
    if heading := _heading(document, start):
        place["heading"] = heading
    return place


def _number(starts: list[JsonValue], offset: int) -> int:
    """Return the number, from 1, of the last part that begins at or before an offset."""
    return max(bisect_right([int(str(each)) for each in starts], offset), 1)


def _heading(document: Document, start: int) -> str:
    """Return the headings above an offset, the outermost first."""
    if document.markup != "markdown":
        return ""
    path: list[tuple[int, str]] = []
    for section in sections(document):
        if section.start > start:
            break
        if section.level:
            path = [*(each for each in path if each[0] < section.level), (section.level, section.title)]
    return " > ".join(title for _, title in path)
