"""Files of an index: hashed as they are written, and checked before they are used, whole or block by block."""

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of
from .manifest import FileEntry

BLOCK = 1 << 16
DIGEST = 32
_TOGETHER = 1 << 20  # bytes that are written at once


class FileWriter:
    """Write a new file and hash it on the way, as a whole and each block of 64 KiB.

    Attributes:
        blocks: The blocks' SHA-256, one after the other; complete after ``close``.
    """

    def __init__(self, path: Path) -> None:
        self.blocks = bytearray()
        self._stream: IO[bytes] = path.open("xb")
        self._whole = hashlib.sha256()
        self._size = 0
        self._waiting = bytearray()

    def write(self, content: bytes | memoryview) -> None:
        """Append to the file."""
        with memoryview(content) as view, view.cast("B") as every:
            for start in range(0, len(every), _TOGETHER):
                self._waiting += every[start : start + _TOGETHER]
                if len(self._waiting) >= _TOGETHER:
                    self._pass_on(len(self._waiting) // BLOCK * BLOCK)

    def close(self) -> FileEntry:
        """Flush the file to the disk, and return its size and hash."""
        self._pass_on(len(self._waiting))
        with self._stream as stream:
            stream.flush()
            os.fsync(stream.fileno())
        return FileEntry(bytes=self._size, sha256=self._whole.hexdigest())

    def abandon(self) -> None:
        """Close the file without a care for its content."""
        self._stream.close()

    def _pass_on(self, size: int) -> None:
        with memoryview(self._waiting) as view, view[:size] as content:
            self._stream.write(content)
            self._whole.update(content)
            for start in range(0, size, BLOCK):
                self.blocks += hashlib.sha256(content[start : start + BLOCK]).digest()
        del self._waiting[:size]
        self._size += size


class CheckedFile:
    """Read a file in place, each block only after its hash was compared.

    The file stays readable when others delete it. What it takes of the memory, the system can take back at any time.

    Attributes:
        path: The file.
        size: Its size in bytes.
        unchecked: Its content, in place.

    Args:
        path: The file.
        size: Its size in bytes, as written.
        blocks: Hash of each block.

    Raises:
        UserError: The file is missing, or of another size.
    """

    def __init__(self, path: Path, size: int, blocks: bytes | memoryview) -> None:
        self.path, self.size = path, size
        self._blocks = blocks
        self._fresh = bytearray(b"\x01" * block_count(size))
        self.unchecked = _mapped(path, size)
        if len(blocks) != DIGEST * len(self._fresh):
            raise damaged(path)

    def read(self, start: int, end: int) -> memoryview:
        """Return a stretch.

        Raises:
            UserError: A block of it is not as it was written.
        """
        self.check(range(start // BLOCK, -(-end // BLOCK)))
        return self.unchecked[start:end]

    def all(self) -> memoryview:
        """Return the whole content.

        Raises:
            UserError: It is not as it was written.
        """
        return self.read(0, self.size)

    def check(self, blocks: Iterable[int]) -> None:
        """Compare the hashes of the blocks that have not been compared yet.

        Raises:
            UserError: One differs.
        """
        for block in blocks:
            if self._fresh[block]:
                content = self.unchecked[block * BLOCK : (block + 1) * BLOCK]
                if hashlib.sha256(content).digest() != self._blocks[block * DIGEST : (block + 1) * DIGEST]:
                    raise damaged(self.path)
                self._fresh[block] = 0


def block_count(size: int) -> int:
    """Return the number of blocks of a file of so many bytes."""
    return -(-size // BLOCK)


def _mapped(path: Path, size: int) -> memoryview:
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size != size:
                raise damaged(path)
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
    except OSError as error:
        raise missing(path, error) from error


def damaged(path: Path) -> UserError:
    """Return the error for a file that is not as it was written."""
    return UserError(say("rag.damaged", path=path), say("rag.build_hint"))


def missing(path: Path, error: OSError) -> UserError:
    """Return the error for a file that cannot be read."""
    return UserError(say("rag.file_missing", path=path, reason=reason_of(error)), say("rag.build_hint"))
