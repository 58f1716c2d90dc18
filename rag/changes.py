"""Find out what an index has to consist of, and how much of that an earlier one holds already."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .corpus import document_digest
from .known import FileRecord, Known
from .limits import Limits
from .records import Document, Unread
from .sources import free_id, read_documents, source_files


@dataclass(frozen=True, slots=True)
class New:
    """Hold a document that has to be read in; ``own`` is its id in its file, ``digest`` its hash under that id."""

    document: Document
    own: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """Name documents of the earlier index that stay as they are, by their rows."""

    first: int
    end: int


@dataclass
class Contents:
    """Collect what an index is to consist of, in its order.

    Attributes:
        sources: The files and folders, as absolute paths.
        items: The documents.
        files: The files they come from.
        unread: What could not be read.
    """

    sources: list[str]
    items: list[New | Kept] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    def lines(self) -> bytes:
        """Return sources and files as lines of JSON."""
        return "".join(json.dumps(row) + "\n" for row in (self.sources, *map(astuple, self.files))).encode()

    def same_as(self, earlier: Known | None) -> bool:
        """Say whether the earlier index consists of just this."""
        if earlier is None or earlier.sources != self.sources:
            return False
        whole = [Kept(0, len(earlier.documents))]
        return self.items == whole and self.files == [record for record, _ in earlier.files.values()]

    def changes(self, earlier: Known | None) -> dict[str, int]:
        """Return how many documents were added, changed, deleted, and left as they were."""
        new = [item.document.id for item in self.items if isinstance(item, New)]
        kept = sum(item.end - item.first for item in self.items if isinstance(item, Kept))
        changed = 0 if earlier is None else sum(name in earlier.documents for name in new)
        before = 0 if earlier is None else len(earlier.documents)
        return {
            "added": len(new) - changed,
            "changed": changed,
            "deleted": before - changed - kept,
            "unchanged": kept,
        }

    def keep(self, earlier: Known, row: int, source: Path) -> bool:
        """Take a document of the earlier index over, and return whether it still has a place.

        Args:
            earlier: The index.
            row: The document's row.
            source: What it came from.
        """
        before, own, *_ = earlier.documents.line(row)
        free = free_id(own, source, self._ids)
        if free is None:
            return self._left_out(own)
        self._ids.add(free)
        last = self.items[-1] if self.items else None
        if free != before:
            document = earlier.documents.at(row)
            self.items.append(New(replace(document, id=free), own, document_digest(replace(document, id=own))))
        elif isinstance(last, Kept) and last.end == row:
            self.items[-1] = Kept(last.first, row + 1)
        else:
            self.items.append(Kept(row, row + 1))
        return True

    def add(self, document: Document, digest: bytes, source: Path) -> bool:
        """Take a document in as it was read, and return whether there is a place for it."""
        free = free_id(document.id, source, self._ids)
        if free is None:
            return self._left_out(document.id)
        self._ids.add(free)
        self.items.append(New(replace(document, id=free), document.id, digest))
        return True

    def _left_out(self, own: str) -> bool:
        self.unread.append(Unread(own, say("rag.same_id")))
        return False


def find_contents(
    sources: Sequence[str], scanned: Sequence[str], earlier: Known | None, limits: Limits, progress: Progress
) -> Contents:
    """Return what an index of the sources has to consist of.

    Args:
        sources: Absolute paths of all sources, in the index' order.
        scanned: Those that are looked through; of the others, the documents stay as they are.
        earlier: The index as it is; None if there is none that can be used.
        limits: What each file may unpack to.
        progress: Is told the number of files.
    """
    contents = Contents(list(sources))
    usable = earlier if earlier is not None and earlier.same else None
    for number, source in enumerate(sources):
        if usable is not None and source not in scanned:
            _keep_source(contents, usable, number)
            continue
        files = list(source_files(Path(source)))
        for done, (path, name) in enumerate(files, start=1):
            _read(contents, usable, number, path, name, limits)
            progress(say("rag.reading"), done, len(files))
    return contents


def _keep_source(contents: Contents, earlier: Known, number: int) -> None:
    source = contents.sources[number]
    for (place, _), (record, first) in earlier.files.items():
        if place == source:
            _keep_file(contents, earlier, number, record, first)


def _keep_file(contents: Contents, earlier: Known, number: int, record: FileRecord, first: int) -> None:
    source = Path(contents.sources[number])
    rows = range(first, first + record.documents)
    found = [contents.keep(earlier, row, source) for row in rows]
    if any(found):
        complete = record.complete and all(found)
        contents.files.append(replace(record, source=number, documents=sum(found), complete=complete))


def _read(contents: Contents, earlier: Known | None, number: int, path: Path, name: str, limits: Limits) -> None:
    """Read a file, unless the earlier index was built from the same content."""
    source = contents.sources[number]
    digest = _file_digest(path)
    record, first = (earlier.files if earlier else {}).get((source, name), (None, 0))
    if earlier and record and record.complete and record.digest == digest:
        _keep_file(contents, earlier, number, record, first)
        return
    count, complete = 0, True
    for item in read_documents(path, name, limits):
        if isinstance(item, Unread):
            contents.unread.append(item)
            complete = False
        elif _take(contents, earlier, item, Path(source)):
            count += 1
        else:
            complete = False
    if count:
        contents.files.append(FileRecord(number, name, digest, count, complete))


def _take(contents: Contents, earlier: Known | None, document: Document, source: Path) -> bool:
    digest = document_digest(document)
    row = None if earlier is None else earlier.rows_by_digest.get(digest)
    if earlier is None or row is None:
        return contents.add(document, digest, source)
    return contents.keep(earlier, row, source)


def _file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content; nothing for what is no readable file, which reading it will tell."""
    try:
        if path.is_file():
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        pass
    return ""
