"""Collect documents from files and folders."""

import os
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of
from .limits import Limits
from .readers import formats, read_file
from .records import Document, Unread

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


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
    check_sources(sources)
    documents: dict[str, Document] = {}
    unread: list[Unread] = []
    for source in sources:
        for path, name in source_files(source):
            for item in read_documents(path, name, limits or Limits()):
                if isinstance(item, Unread):
                    unread.append(item)
                elif (free := free_id(item.id, source, documents)) is None:
                    unread.append(Unread(item.id, say("rag.same_id")))
                else:
                    documents[free] = replace(item, id=free)
    if not documents:
        raise nothing_read(sources, unread)
    return Reading(list(documents.values()), unread)


def check_sources(sources: Sequence[Path]) -> None:
    """Verify that all sources are there.

    Raises:
        UserError: One is not.
    """
    missing = [str(source) for source in sources if not source.exists()]
    if missing:
        raise UserError(say("rag.no_source", sources=", ".join(missing)), say("rag.no_source_hint"))


def source_files(source: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a source, each with its name below it, in the order of names; hidden ones are left out.

    Raises:
        UserError: A folder in it cannot be read.
    """
    if source.is_file():
        yield source, source.name
        return
    for folder, folders, names in os.walk(source, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith("."):
                yield path, path.relative_to(source).as_posix()


def _refuse(error: OSError) -> None:
    """Refuse a folder that cannot be read: an update would take its documents for deleted.

    Raises:
        UserError: Always.
    """
    message = say("rag.no_folder", folder=error.filename, reason=reason_of(error))
    raise UserError(message, say("rag.no_folder_hint")) from error


def read_documents(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the documents of one file that hold text, without what cannot be kept."""
    for item in read_file(path, name, limits.for_next_file()):
        if isinstance(item, Unread):
            yield item
        elif not item.text.strip():
            yield Unread(item.id, say("rag.empty"))
        else:
            yield replace(item, id=clean(item.id), text=clean(item.text), title=clean(item.title))


def free_id(own: str, source: Path, taken: Container[str]) -> str | None:
    """Return an id that is free, or None; the folder's name tells equal paths in two sources apart."""
    if own not in taken:
        return own
    longer = f"{clean(source.resolve().name)}/{own}"
    return None if longer in taken else longer


def nothing_read(sources: Sequence[Path], unread: Sequence[Unread]) -> UserError:
    """Return the error for sources without a single document."""
    reasons = "".join(f"\n  {item.source}: {item.reason}" for item in unread[:20])
    problem = say("rag.nothing_read", sources=", ".join(map(str, sources)), reasons=reasons, formats=formats())
    return UserError(problem, say("rag.nothing_read_hint"))


def clean(text: str) -> str:
    """Replace halves of characters, which no file can hold, and NUL, which no database can; every offset stays."""
    return _UNKEEPABLE.sub("\ufffd", text)
