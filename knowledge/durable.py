"""Write files so that a crash leaves the old content or the new, never a part of it."""

import errno
import json
import os
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content in one step and flush it to the disk.

    Args:
        path: The file; its folder must exist. Others may read it as far as the user's umask lets them.
        content: All of the new content.
    """
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)  # after closing: Windows moves no open file
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """Replace a text file's content in one step, as UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: object) -> None:
    """Replace a JSON file's content in one step, readable by people."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def append_line(path: Path, text: str) -> None:
    """Add one line to a file and flush it to the disk; a crash can leave only the last line torn.

    Args:
        path: The file; made if need be.
        text: The line, as UTF-8, without its end.

    Raises:
        OSError: The disk is full, or the file cannot be written.
    """
    line = text.encode("utf-8") + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_files(folder: Path) -> None:
    """Flush the files in a folder, which others have written, and the folder's entries."""
    for path in folder.iterdir():
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a rename in it survives a power cut."""
    if os.name == "nt":  # Windows cannot open a folder for flushing; its renames are journaled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
