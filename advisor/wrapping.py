"""Wrap text to a window: Chinese characters count two columns and may break anywhere, words break at spaces."""

from collections.abc import Iterator
from itertools import groupby

from rich.cells import cell_len

#: No line begins with these; the character before them moves down with them.
_NOT_FIRST = "，。、；：？！）》”’」』】〕…,.;:?!)]}%"
_SPACE, _WIDE, _WORD = range(3)


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
    for piece in _pieces(text):
        glued = pieces and not pieces[-1].isspace() and (piece[0] in _NOT_FIRST or pieces[-1][-1] in "“‘（《「『【〔")
        if glued:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _pieces(text: str) -> Iterator[str]:
    """Yield runs of spaces, words, and single characters of the scripts that break anywhere."""
    for kind, run in groupby(text, _kind):
        if kind == _WIDE:
            yield from run
        else:
            yield "".join(run)


def _kind(character: str) -> int:
    if character.isspace():
        return _SPACE
    if character < "\u2018":
        return _WORD
    wide = "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uffef"
    return _WIDE if wide or character in "“”‘’…" else _WORD
