"""Checkpoints that count only when they are whole: each file's checksum stands in a manifest that is written last."""

import hashlib
import json
import re
import shutil
from pathlib import Path

from pydantic import JsonValue

from ..knowledge.durable import flush_files, flush_folder, write_json

MANIFEST = "manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies; the name is the one that transformers' Trainer uses."""
    return folder / f"checkpoint-{step}"


def seal(checkpoint: Path, about: dict[str, JsonValue]) -> None:
    """Make a finished checkpoint count: flush its files, then write the manifest.

    Args:
        checkpoint: A folder whose files are all written.
        about: What else to remember; ``about`` gives it back.
    """
    flush_files(checkpoint)
    sums: dict[str, JsonValue] = {path.name: _checksum(path) for path in _files(checkpoint)}
    write_json(checkpoint / MANIFEST, {"files": sums, "about": about})
    flush_folder(checkpoint.parent)


def about(checkpoint: Path) -> dict[str, JsonValue] | None:
    """Return what was remembered with a checkpoint, or None if it is not whole."""
    try:
        manifest = json.loads((checkpoint / MANIFEST).read_bytes())
        whole = all(_checksum(checkpoint / name) == checksum for name, checksum in manifest["files"].items())
    except (OSError, ValueError):
        return None
    told: dict[str, JsonValue] = manifest["about"]
    return told if whole else None


def newest_whole(folder: Path, fingerprint: str) -> tuple[Path, dict[str, JsonValue]] | None:
    """Return the last whole checkpoint of this very training with what was remembered, or None; reads all of it.

    Args:
        folder: Where the checkpoints lie; may not exist.
        fingerprint: What ``about["fingerprint"]`` of a checkpoint must equal.
    """
    for _, checkpoint in sorted(_steps(folder), reverse=True):
        told = about(checkpoint)
        if told is not None and told.get("fingerprint") == fingerprint:
            return checkpoint, told
    return None


def prune(folder: Path, keep: set[int]) -> None:
    """Delete all checkpoints but those of some steps, broken ones included."""
    for step, checkpoint in _steps(folder):
        if step not in keep:
            # without its manifest, a half-deleted one cannot be taken for a whole one
            (checkpoint / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(checkpoint)


def _steps(folder: Path) -> list[tuple[int, Path]]:
    paths = list(folder.iterdir()) if folder.is_dir() else []
    return [(int(match[1]), path) for path in paths if (match := _NAME.fullmatch(path.name))]


def _files(checkpoint: Path) -> list[Path]:
    return sorted(path for path in checkpoint.iterdir() if path.is_file() and path.name != MANIFEST)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
