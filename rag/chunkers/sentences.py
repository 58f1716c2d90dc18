"""Match small, give big: each sentence is searched on its own, and a hit is widened to its section.

A sentence that says one thing is found more surely than a section that says ten; whoever reads the answer needs the
section, which ``rag/widening.py`` gives back.
"""

from collections.abc import Iterator

from ..records import Document
from ..ruler import Ruler
from ..sentences import sentence_spans
from . import Size, Span, structure

LEAST_TOKENS = 8
"""A shorter sentence, such as "No." or a heading, is joined to the one after it."""


def spans(document: Document, ruler: Ruler, size: Size) -> Iterator[Span]:
    """Yield the sentences of each section, with the section's own header."""
    for section in structure.spans(document, ruler, Size(size.tokens)):
        for start, end in _joined(document, section, ruler, size):
            yield Span(start, end, section.header)


def _joined(document: Document, section: Span, ruler: Ruler, size: Size) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for start, end in sentence_spans(document.text, section.start, section.end):
        begin = start if begin is None else begin
        if ruler.count(begin, end) >= LEAST_TOKENS:
            yield from _short(begin, end, ruler, size)
            begin = None
    if begin is not None:
        yield from _short(begin, section.end, ruler, size)


def _short(start: int, end: int, ruler: Ruler, size: Size) -> Iterator[tuple[int, int]]:
    while ruler.count(start, end) > size.tokens:
        yield start, (stop := ruler.advance(start, size.tokens, end))
        start = stop
    yield start, end
