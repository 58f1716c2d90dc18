"""Cut every so many tokens, blind to structure: the plainest baseline."""

from collections.abc import Iterator

from ..records import Document
from ..ruler import Ruler
from . import Size, Span


def spans(document: Document, ruler: Ruler, size: Size) -> Iterator[Span]:
    """Yield windows of ``size.tokens`` tokens that each begin ``size.overlap`` tokens before the last one's end."""
    start, end = 0, len(document.text)
    while start < end:
        yield Span(start, stop := ruler.advance(start, size.tokens, end))
        if stop >= end:
            return
        start = ruler.advance(start, size.tokens - size.overlap, end)
