"""Plain texts to go on learning from: the rows of a file, or the documents of a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from ..rag.sources import read_sources
from .row_files import laid_out
from .task import TaskOptions

Token = TypeVar("Token")


@dataclass(frozen=True)
class TextRow:
    """Hold one text.

    Attributes:
        line: Where it begins in its file, from 1; of a folder's documents, which one it is.
    """

    line: int
    text: str

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return self.text


class Packing(TaskOptions):
    """Say how texts are packed."""

    block: int = Field(1024, ge=8, description="tokens of a block, where the model can read so many")


def read_texts(path: Path) -> list[TextRow]:
    """Return rows with ``text``; of a text file each paragraph is one, of a folder each document in any format read.

    Raises:
        UserError: There is nothing, no text can be read, or rows are wrong; lists each with its line.
    """
    if path.is_dir():
        documents = read_sources([path]).documents
        return [TextRow(number, document.text) for number, document in enumerate(documents, 1)]
    return [TextRow(line, values["text"]) for line, values in laid_out(path, "raw_text")]


def packed(
    rows: Sequence[TextRow], tokens: Callable[[str], Sequence[Token]], size: int
) -> Iterator[tuple[int, list[Token]]]:
    """Yield blocks of all texts one after the other, each with the line of the text that it begins in.

    Args:
        rows: The texts.
        tokens: What a text becomes, with its end.
        size: Tokens of a block; the last one may be shorter.
    """
    line, block = 0, list[Token]()
    for row in rows:
        made, start = tokens(row.text), 0
        while start < len(made):
            line = line if block else row.line
            end = start + size - len(block)
            block += made[start:end]
            start = end
            if len(block) == size:
                yield line, block
                block = []
    if block:
        yield line, block
