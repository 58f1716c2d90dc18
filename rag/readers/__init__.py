"""Readers of file formats, found by presence: ``rag/readers/<format>.py``.

Each has ``EXTENSIONS`` (lower case, with the dot) and ``read(path, name)``, which yields the file's documents; rows
that it cannot read it yields as ``Unread``. ``name`` is the id for a file that is one document.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol, cast

from ..records import Document, Unread


class Reader(Protocol):
    """Read the files of one format."""

    EXTENSIONS: tuple[str, ...]

    def read(self, path: Path, name: str) -> Iterable[Document | Unread]:
        """Yield the documents of a file.

        Raises:
            UnreadableError: The whole file cannot be read.
        """


class UnreadableError(Exception):
    """Say, in the user's language, why a file cannot be read."""


@cache
def readers() -> dict[str, Reader]:
    """Return the readers by format."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return {name: cast(Reader, import_module(f"{__name__}.{name}")) for name in names}


@cache
def readers_by_extension() -> dict[str, Reader]:
    """Return the readers by file extension."""
    return {extension: reader for reader in readers().values() for extension in reader.EXTENSIONS}


def formats() -> str:
    """Return the file extensions that can be read, for people."""
    return " ".join(sorted(readers_by_extension()))
