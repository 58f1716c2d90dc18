"""Plain text in any encoding: a file is one document."""

from collections.abc import Iterator
from pathlib import Path

from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (".txt", ".text", ".log")


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the file as one document, its characters unchanged."""
    yield Document(name, decode(path.read_bytes()))
