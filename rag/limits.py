"""What a source may ask of the machine: archives can unpack to far more than they seem to hold."""

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from ..knowledge.messages import say
from .readers import UnreadableError

MEGABYTE = 10**6
DAMAGED = (BadZipFile, OSError, EOFError, ValueError, NotImplementedError, KeyError, zlib.error)
"""What reading an archive's part can raise when the archive is damaged, or lacks the part."""


@dataclass
class Unpacked:
    """Count what one file has unpacked to so far, the archives in it included."""

    size: int = 0
    files: int = 0


class Limits(BaseModel):
    """Bound what one file of the sources may unpack to.

    Attributes:
        unpacked_megabytes: Most that all parts of a file, and of the archives in it, may take unpacked; Word, Excel and
            the like are archives.
        files: Most parts of a file and of the archives in it.
        depth: How deep archives may lie in archives; 0 reads none.
        cells: Most cells of a sheet of a spreadsheet, counted in each row to its last one.
        pages: Most pages of a PDF.
        recognition_seconds: Longest time, in seconds, that reading the pictures in one PDF may take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unpacked_megabytes: int = Field(500, ge=1)
    files: int = Field(10_000, ge=1)
    depth: int = Field(2, ge=0, le=8)
    cells: int = Field(20_000_000, ge=1)
    pages: int = Field(10_000, ge=1)
    recognition_seconds: int = Field(3600, ge=0)
    _unpacked: Unpacked = PrivateAttr(default_factory=Unpacked)

    def for_next_file(self) -> "Limits":
        """Return the limits with nothing unpacked yet."""
        return Limits(**self.model_dump())

    def one_deeper(self) -> "Limits":
        """Return the limits for an archive inside this one; both count what is unpacked together."""
        return self.model_copy(update={"depth": self.depth - 1})

    def count(self, size: int, files: int) -> None:
        """Count what an archive unpacks to, in bytes and in parts.

        Raises:
            UnreadableError: With what was unpacked before, that is too much; the archive is not counted then.
        """
        size, files = self._unpacked.size + size, self._unpacked.files + files
        if files > self.files:
            raise UnreadableError(say("rag.too_many_parts", count=files, most=self.files))
        if size > self.unpacked_megabytes * MEGABYTE:
            megabytes = math.ceil(size / MEGABYTE)
            raise UnreadableError(say("rag.unpacks_too_large", megabytes=megabytes, most=self.unpacked_megabytes))
        self._unpacked.size, self._unpacked.files = size, files


def open_archive(path: Path, limits: Limits) -> ZipFile:
    """Open a zip archive whose directory of contents keeps the limits, and count it.

    Python's reader stops a part at the size that the directory names, so a directory that lies unpacks to no more.

    Raises:
        UnreadableError: It is no zip archive, asks for a password, or breaks a limit.
    """
    try:
        archive = ZipFile(path)
    except DAMAGED as error:
        raise UnreadableError(say("rag.not_archive")) from error
    parts = archive.infolist()
    try:
        if any(part.flag_bits & 1 for part in parts):
            raise UnreadableError(say("rag.asks_password"))
        limits.count(sum(part.file_size for part in parts), len(parts))
    except UnreadableError:
        archive.close()
        raise
    return archive
