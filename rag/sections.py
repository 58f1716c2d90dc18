"""Find the headings and the blocks of a document by their offsets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .records import Document

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*\s*$")
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*$")


@dataclass(slots=True)
class Block:
    """Hold the offsets of a paragraph, a heading, a table or a code block, with the blank lines after it."""

    kind: Literal["text", "heading", "table", "code", "blank"]
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(slots=True)
class Section:
    """Hold a heading with what stands under it up to the next heading of any level.

    Attributes:
        level: 1 to 6; 0 for what stands before the first heading.
        title: The heading's words.
        blocks: The heading, if there is one, and what follows it.
    """

    level: int
    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Return where the section begins."""
        return self.blocks[0].start

    @property
    def end(self) -> int:
        """Return where the next section begins."""
        return self.blocks[-1].end

    @property
    def bare(self) -> bool:
        """Say whether there is a heading with nothing under it."""
        return all(block.kind == "heading" for block in self.blocks)


def sections(document: Document) -> list[Section]:
    """Return the document's sections in order; a document without markup is one section."""
    found: list[Section] = []
    for block in _blocks(document):
        if block.kind == "heading" or not found:
            found.append(Section(block.level, block.title))
        found[-1].blocks.append(block)
    return found


def _blocks(document: Document) -> Iterator[Block]:
    """Yield lines of one kind together; a blank line ends a block and belongs to it."""
    block: Block | None = None
    ended = False
    for line in _marked_lines(document.text) if document.markup == "markdown" else _plain_lines(document.text):
        if block is None or (line.kind != "blank" and (ended or line.kind == "heading" or line.kind != block.kind)):
            if block is not None:
                yield block
            block = line
        block.end = line.end
        ended = line.kind == "blank"
    if block is not None:
        yield block


def _plain_lines(text: str) -> Iterator[Block]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield Block("text" if line.strip() else "blank", start, start + len(line))
        start += len(line)


def _marked_lines(text: str) -> Iterator[Block]:
    fence = ""
    for line in _plain_lines(text):
        words = text[line.start : line.end]
        mark = _FENCE.match(words)
        if fence or mark:
            line.kind = "code"
            closes = fence and mark and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if closes else fence or (mark[1] if mark else "")
        elif heading := _HEADING.match(words):
            line.kind, line.level, line.title = "heading", len(heading[1]), (heading[2] or "").strip()
        elif _TABLE_ROW.match(words):
            line.kind = "table"
        yield line
