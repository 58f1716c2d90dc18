"""Cut where the document itself is divided: headings, then paragraphs, then sentences."""

import math
from collections.abc import Iterator, Sequence

from ..records import Document
from ..ruler import Ruler
from ..sections import Block, Section, sections
from ..sentences import sentence_spans
from . import Size, Span

ALWAYS_SPLIT = 2  # headings down to this level begin a chunk; deeper ones only where their parent is too long


def spans(document: Document, ruler: Ruler, size: Size) -> Iterator[Span]:
    """Yield one span per section that fits the size, and several for a longer one.

    A heading with nothing but deeper headings under it gives no span of its own: it is in the header of theirs.
    """
    for group, header in _groups(_with_text(sections(document)), ruler, size):
        start, end = group[0].start, group[-1].end
        if ruler.count(start, end) <= size.tokens:
            yield Span(start, end, header)
        else:
            blocks = [block for section in group for block in section.blocks]
            units = [unit for block in blocks for unit in _units(document, block, ruler, size)]
            own = (*header, group[0].title)
            yield from (Span(*span, header if span[0] == start else own) for span in _pack(units, ruler, size))


def _with_text(found: Sequence[Section]) -> list[tuple[Section, tuple[str, ...]]]:
    """Return the sections that hold text, each with the titles above it."""
    path: list[Section] = []
    kept: list[tuple[Section, tuple[str, ...]]] = []
    for place, section in enumerate(found):
        path = [above for above in path if above.level < section.level]
        has_deeper = place + 1 < len(found) and found[place + 1].level > section.level
        if not (section.bare and section.level and has_deeper):
            kept.append((section, tuple(above.title for above in path)))
        path.append(section)
    return kept


def _groups(
    kept: Sequence[tuple[Section, tuple[str, ...]]], ruler: Ruler, size: Size
) -> Iterator[tuple[list[Section], tuple[str, ...]]]:
    """Yield runs of sections that make one chunk: a section with the deeper ones under it, when they fit together."""
    place = 0
    while place < len(kept):
        first, header = kept[place]
        last = place + 1
        if first.level >= ALWAYS_SPLIT:
            while last < len(kept) and kept[last][0].level > first.level:
                last += 1
            if ruler.count(first.start, kept[last - 1][0].end) > size.tokens:
                last = place + 1
        yield [section for section, _ in kept[place:last]], header
        place = last


def _units(document: Document, block: Block, ruler: Ruler, size: Size) -> Iterator[tuple[int, int]]:
    """Yield the block if it fits; else its lines (table, code) or sentences, and windows of those still too long."""
    if ruler.count(block.start, block.end) <= size.tokens:
        yield block.start, block.end
        return
    by_line = block.kind in ("table", "code")
    parts = _lines(document.text, block) if by_line else sentence_spans(document.text, block.start, block.end)
    for start, end in parts:
        while ruler.count(start, end) > size.tokens:
            stop = ruler.advance(start, size.tokens, end)
            yield start, stop
            start = stop
        yield start, end


def _lines(text: str, block: Block) -> Iterator[tuple[int, int]]:
    start = block.start
    for line in text[block.start : block.end].splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def _pack(units: Sequence[tuple[int, int]], ruler: Ruler, size: Size) -> Iterator[tuple[int, int]]:
    """Yield spans of neighbouring units, about equally long and never over the size."""
    total = ruler.count(units[0][0], units[-1][1])
    target = math.ceil(total / math.ceil(total / size.tokens))
    first = 0
    while first < len(units):
        last = first
        start = units[first][0]
        while last + 1 < len(units) and ruler.count(start, units[last][1]) < target:
            if ruler.count(start, units[last + 1][1]) > size.tokens:
                break
            last += 1
        yield start, units[last][1]
        if last + 1 == len(units):
            return
        first = _step_back(units, first, last + 1, ruler, size)


def _step_back(units: Sequence[tuple[int, int]], first: int, following: int, ruler: Ruler, size: Size) -> int:
    """Return the unit that the next span begins with, so that it repeats at most ``size.overlap`` tokens."""
    begin = following
    room = min(size.overlap, size.tokens - ruler.count(*units[following]))
    while begin - 1 > first and ruler.count(units[begin - 1][0], units[following - 1][1]) <= room:
        begin -= 1
    return begin
