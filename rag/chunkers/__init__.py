"""Ways to cut a document, found by presence: ``rag/chunkers/<name>.py`` with ``spans(document, ruler, size)``."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..records import Chunk, Document
from ..ruler import Ruler


@dataclass(frozen=True, slots=True)
class Size:
    """Say how large chunks may be.

    Attributes:
        tokens: Longest chunk, in tokens.
        overlap: Tokens that a chunk may repeat of the one before it.
    """

    tokens: int
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Hold the offsets of a chunk to be, and the headings that it stands under but does not contain."""

    start: int
    end: int
    header: tuple[str, ...] = ()


class Chunker(Protocol):
    """Cut one document."""

    def spans(self, document: Document, ruler: Ruler, size: Size) -> Iterable[Span]:
        """Yield the chunks' spans in the order of their start."""


def chunker_names() -> list[str]:
    """Return the names of all chunkers."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def find_chunker(name: str) -> Chunker:
    """Return a chunker by its name.

    Raises:
        UserError: There is none of that name.
    """
    if name not in chunker_names():
        raise UserError(say("rag.unknown_chunker", name=name, names=", ".join(chunker_names())))
    return cast(Chunker, import_module(f"{__name__}.{name}"))


def chunk_document(
    document: Document, chunker: Chunker, ruler: Ruler, size: Size, with_titles: bool = True
) -> list[Chunk]:
    """Return a document's chunks; stretches of nothing but white space give none.

    Args:
        document: What to cut.
        chunker: How.
        ruler: Measures the document's text.
        size: How large chunks may be.
        with_titles: Whether a chunk is searched together with the titles above it.
    """
    chunks: list[Chunk] = []
    for span in chunker.spans(document, ruler, size):
        stretch = document.text[span.start : span.end]
        start = span.start + len(stretch) - len(stretch.lstrip())
        text = stretch.strip()
        if text:
            lines = {line.strip("# \t") for line in text.splitlines()}
            titles = dict.fromkeys(title for title in (document.title, *span.header) if title and title not in lines)
            header = "\n".join(titles) if with_titles else ""
            chunks.append(Chunk(document.id, len(chunks), start, start + len(text), text, header))
    return chunks
