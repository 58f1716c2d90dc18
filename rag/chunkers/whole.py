"""Keep each document whole, however long: for rows that are passages already."""

from collections.abc import Iterator

from ..records import Document
from ..ruler import Ruler
from . import Size, Span


def spans(document: Document, ruler: Ruler, size: Size) -> Iterator[Span]:
    """Yield the document as one span."""
    yield Span(0, len(document.text))
