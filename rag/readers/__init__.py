"""Readers of file formats, found by presence: ``rag/readers/<format>.py``.

Each has ``EXTENSIONS`` (lower case, with the dot) and ``read(path, name, limits)``, which yields the file's documents;
rows that it cannot read it yields as ``Unread``. ``name`` is the id for a file that is one document.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

from ...knowledge.messages import say
from ...knowledge.refusal import reason_of
from ..records import Document, Unread

if TYPE_CHECKING:
    from ..limits import Limits


class Reader(Protocol):
    """Read the files of one format."""

    EXTENSIONS: tuple[str, ...]

    def read(self, path: Path, name: str, limits: "Limits") -> Iterable[Document | Unread]:
        """Yield the documents of a file; ``limits`` bound what an archive may unpack to.

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


def read_file(path: Path, name: str, limits: "Limits") -> Iterator[Document | Unread]:
    """Yield the documents of a file by its extension; a file that cannot be read is named with the reason."""
    reader = readers_by_extension().get(path.suffix.lower())
    if reader is None:
        yield Unread(name, say("rag.unknown_format", extension=path.suffix or path.name))
        return
    if not path.is_file() and path.exists():
        yield Unread(name, say("rag.no_regular_file"))  # reading a pipe or a device may never end
        return
    empty = True
    try:
        for item in reader.read(path, name, limits):
            empty = False
            yield item
    except UnreadableError as error:
        yield Unread(name, str(error))
    except OSError as error:
        yield Unread(name, reason_of(error))
    except Exception as error:  # noqa: BLE001 - no file, whatever is wrong with it, stops the others
        yield Unread(name, say("rag.broken_file", reason=str(error) or type(error).__name__))
    else:
        if empty:
            yield Unread(name, say("rag.empty"))
