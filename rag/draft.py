"""The files of a generation while they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import CheckedFile, FileWriter
from .manifest import FileEntry

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCKS = "blocks.sha256"
"""The file with the hashes of the blocks of all other files, in the order of their names."""


class Draft:
    """Write files into a folder and remember their hashes.

    Attributes:
        folder: The folder, empty at first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: dict[str, FileEntry] = {}
        self._blocks: dict[str, bytes] = {}
        self._open: list[FileWriter] = []

    @contextmanager
    def writer(self, name: str) -> Iterator[FileWriter]:
        """Open a new file for the time of the block."""
        writer = self.open(name)
        yield writer
        self.close(name, writer)

    def open(self, name: str) -> FileWriter:
        """Open a new file, which ``close`` must be called for."""
        writer = FileWriter(self.folder / name)
        self._open.append(writer)
        return writer

    def close(self, name: str, writer: FileWriter) -> None:
        """Flush a file to the disk."""
        self._entries[name] = writer.close()
        self._blocks[name] = bytes(writer.blocks)

    def write_array(self, name: str, array: "NDArray[Any]") -> None:
        """Write an array's numbers."""
        import numpy as np

        with self.writer(name) as writer:
            writer.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)

    def read(self, name: str) -> CheckedFile:
        """Return a file that is written."""
        return CheckedFile(self.folder / name, self._entries[name].bytes, self._blocks[name])

    def names(self) -> list[str]:
        """Return the names of the files that are written."""
        return list(self._entries)

    def finish(self) -> dict[str, FileEntry]:
        """Write the blocks' hashes, and return all files' sizes and hashes by name."""
        with self.writer(BLOCKS) as writer:
            writer.write(b"".join(self._blocks[name] for name in sorted(self._blocks)))
        return {name: self._entries[name] for name in sorted(self._entries)}

    def abandon(self) -> None:
        """Close what is still open."""
        for writer in self._open:
            writer.abandon()
