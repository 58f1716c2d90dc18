"""Read a folder of TOML files, and keep what they say as JSON, as Python keeps compiled modules.

Reading TOML is most of what a start would cost. What was kept counts as long as names, sizes and times of the files
are the same; anything unreadable is made anew. It lies in ``__pycache__`` beside the folder, or, where that may not be
written, in the user's folder of caches; where neither may, every start reads the files.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

FORMAT = 1
"""Goes up when the kept form changes."""


def read_folder(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the TOML files of a folder say, by file name without ending, and what is wrong with others.

    Days are texts such as ``2026-03-01``, whether they were kept or just read.
    """
    stamp = _stamp(folder)
    for place in _places(folder):
        if (kept := _kept(place, stamp)) is not None:
            return kept, []
    contents, problems = _parsed(folder)
    if not problems:
        _keep(folder, stamp, contents)
    return contents, problems


def _parsed(folder: Path) -> tuple[dict[str, Any], list[str]]:
    import tomllib

    contents, problems = {}, []
    for path in sorted(folder.glob("*.toml")):
        try:
            contents[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{folder.parent.name}/{folder.name}/{path.name}: {error}")
    return json.loads(json.dumps(contents, default=str)), problems


def _stamp(folder: Path) -> bytes:
    with os.scandir(folder) as entries:
        files = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".toml")]
    known = sorted((name, state.st_size, state.st_mtime_ns) for name, state in files)
    return json.dumps([FORMAT, str(folder), known]).encode()


def _kept(place: Path, stamp: bytes) -> dict[str, Any] | None:
    """Return what was kept, or None when there is nothing, or nothing that is whole and of these files."""
    try:
        check, kept_stamp, content = place.read_bytes().split(b"\n")
    except (OSError, ValueError):
        return None
    if kept_stamp != stamp or check != _check(content):
        return None
    kept: dict[str, Any] = json.loads(content)
    return kept


def _keep(folder: Path, stamp: bytes, contents: dict[str, Any]) -> None:
    from .durable import write_bytes

    content = json.dumps(contents).encode()
    for place in _places(folder):
        if sys.dont_write_bytecode and place.parent.name == "__pycache__":  # leave the code's folders as they are
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(place, b"\n".join((_check(content), stamp, content)))
        except OSError:
            continue
        return


def _check(content: bytes) -> bytes:
    return b"%08x" % crc32(content)


def _places(folder: Path) -> Iterator[Path]:
    yield folder.parent / "__pycache__" / f"{folder.name}.json"
    if caches := _user_caches():
        yield caches / "ftadvisor" / f"{folder.name}-{crc32(bytes(folder)):08x}.json"


def _user_caches() -> Path | None:
    """Return the folder of the user's caches, by the system's convention; None where there is no home."""
    if sys.platform == "win32":
        named = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        named = os.path.expanduser("~/Library/Caches")
    else:
        named = os.environ.get("XDG_CACHE_HOME", "") or os.path.expanduser("~/.cache")
    return Path(named) if os.path.isabs(named) else None
