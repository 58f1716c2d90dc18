"""Collect documents from files and folders."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .limits import Limits
from .readers import formats, read_file
from .records import Document, Unread

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Reading:
    """Hold what was read, in a stable order, and what could not be."""

    documents: list[Document]
    unread: list[Unread]


def read_sources(sources: Sequence[Path], limits: Limits | None = None) -> Reading:
    """Read every document of the given files and folders.

    Args:
        sources: Files, or folders that are walked in the order of names; hidden files are left out.
        limits: What each file may unpack to; the defaults when None.

    Raises:
        UserError: A source does not exist, or not one document could be read.
    """
    missing = [str(source) for source in sources if not source.exists()]
    if missing:
        raise UserError(say("rag.no_source", sources=", ".join(missing)), say("rag.no_source_hint"))
    documents: dict[str, Document] = {}
    unread: list[Unread] = []
    for source in sources:
        for item in _read_source(source, limits or Limits()):
            if isinstance(item, Unread):
                unread.append(item)
            elif not item.text.strip():
                unread.append(Unread(item.id, say("rag.empty")))
            elif (clean := _unique(item, source, documents)) is None:
                unread.append(Unread(item.id, say("rag.same_id")))
            else:
                documents[clean.id] = clean
    if not documents:
        raise UserError(_nothing_read(sources, unread), say("rag.nothing_read_hint"))
    return Reading(list(documents.values()), unread)


def _unique(document: Document, source: Path, known: dict[str, Document]) -> Document | None:
    """Return the document under an id that is free; the folder's name tells equal paths in two sources apart."""
    own = _clean(document.id)
    for name in (own, f"{_clean(source.resolve().name)}/{own}"):
        if name not in known:
            return replace(document, id=name, text=_clean(document.text), title=_clean(document.title))
    return None


def _clean(text: str) -> str:
    """Replace halves of characters, which no file can hold; every offset stays."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _read_source(source: Path, limits: Limits) -> Iterator[Document | Unread]:
    if source.is_file():
        yield from read_file(source, source.name, limits.for_next_file())
        return
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith("."):
                yield from read_file(path, path.relative_to(source).as_posix(), limits.for_next_file())


def _nothing_read(sources: Sequence[Path], unread: Sequence[Unread]) -> str:
    reasons = "".join(f"\n  {item.source}: {item.reason}" for item in unread[:20])
    return say("rag.nothing_read", sources=", ".join(map(str, sources)), reasons=reasons, formats=formats())
