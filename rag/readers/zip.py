"""Zip archives: each file inside is read as if it lay in a folder."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

from ...knowledge.messages import say
from ..limits import DAMAGED, Limits, open_archive
from ..records import Document, Unread
from . import UnreadableError, read_file

EXTENSIONS = (".zip",)


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield the documents of the files inside, in the order of their names.

    A file is unpacked under a name of ours, so that its own can point nowhere.
    """
    if limits.depth == 0:
        raise UnreadableError(say("rag.too_deep"))
    with open_archive(path, limits) as archive, TemporaryDirectory() as folder:
        for part in sorted(archive.infolist(), key=lambda part: part.filename):
            if not part.is_dir() and not _hidden(part.filename):
                yield from _part(archive, part, Path(folder), f"{name}/{part.filename}", limits.one_deeper())


def _hidden(name: str) -> bool:
    return any(piece.startswith((".", "__MACOSX")) and not piece.startswith("..") for piece in name.split("/"))


def _part(archive: ZipFile, part: ZipInfo, folder: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    place = folder / f"part{Path(part.filename).suffix.lower()}"
    try:
        place.write_bytes(archive.read(part))
    except DAMAGED as error:
        yield Unread(name, say("rag.broken_file", reason=error))
        return
    yield from read_file(place, name, limits)
    place.unlink()
