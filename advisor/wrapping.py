"""Wrap text to a window: Chinese characters count two columns and may break anywhere, words break at spaces."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

#: No line begins with these; the character before them moves down with them.
_NOT_FIRST = "，。、；：？！）》”’」』】…,.;:?!)]}%"
_PIECES = re.compile(
    r"\s+|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f“”‘’…]|[^\s\u2e80-\u9fff\uf900-\uffef“”‘’…]+"
)


def wrap(text: str, width: int, indent: str = "", first: str | None = None) -> str:
    """Return a paragraph in lines of at most ``width`` columns.

    Args:
        text: The paragraph; line breaks in it stay.
        width: Columns of the window, at least 20 more than the indent.
        indent: What every line begins with.
        first: What the first line begins with instead, such as a bullet.
    """
    starts = [indent if first is None else first]
    lines = []
    for paragraph in text.split("\n"):
        for line in _lines(paragraph, width - cell_len(indent)):
            lines.append((starts.pop() if starts else indent) + line)
    return "\n".join(lines)


def _lines(text: str, width: int) -> Iterator[str]:
    line = ""
    for piece in _unbreakable(text):
        if line and cell_len(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    yield line.rstrip()


def _unbreakable(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        glued = pieces and not pieces[-1].isspace() and (piece[0] in _NOT_FIRST or pieces[-1][-1] in "“‘（《「『【")
        if glued:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
