"""What a source may ask of the machine: archives can unpack to far more than they seem to hold."""

import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ConfigDict, Field

from ..knowledge.messages import say
from .readers import UnreadableError

MEGABYTE = 10**6
DAMAGED = (BadZipFile, OSError, EOFError, ValueError, NotImplementedError, KeyError, zlib.error)
"""What reading an archive's part can raise when the archive is damaged, or lacks the part."""


class Limits(BaseModel):
    """Bound what one file may unpack to.

    Attributes:
        unpacked_megabytes: Most that all parts of an archive may take unpacked; Word, Excel and the like are archives.
        files: Most parts of an archive.
        depth: How deep archives may lie in archives; 0 reads none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unpacked_megabytes: int = Field(500, ge=1)
    files: int = Field(10_000, ge=1)
    depth: int = Field(2, ge=0, le=8)


def open_archive(path: Path, limits: Limits) -> ZipFile:
    """Open a zip archive whose directory of contents keeps the limits.

    Python's reader stops a part at the size that the directory names, so a directory that lies unpacks to no more.

    Raises:
        UnreadableError: It is no zip archive, asks for a password, or breaks a limit.
    """
    try:
        archive = ZipFile(path)
    except DAMAGED as error:
        raise UnreadableError(say("rag.not_archive")) from error
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > limits.files:
        raise UnreadableError(say("rag.too_many_parts", count=len(parts), most=limits.files))
    if unpacked > limits.unpacked_megabytes * MEGABYTE:
        size = round(unpacked / MEGABYTE)
        raise UnreadableError(say("rag.unpacks_too_large", megabytes=size, most=limits.unpacked_megabytes))
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError(say("rag.asks_password"))
    return archive
