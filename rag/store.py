"""Keep an index on disk in generations: a reader sees the old one or the new one, never a mixture.

A generation is a folder named after the hash of its manifest; the manifest holds size and SHA-256 of every file.
One small file, ``current``, names the generation that counts and is replaced by a rename.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ..knowledge import durable
from ..knowledge.errors import RefusedError, UserError
from ..knowledge.lock import locked
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of
from .manifest import FileEntry, Manifest

POINTER, MANIFEST, LOCK = "current", "manifest.json", ".lock"
GENERATION, BUILDING, PARTS = "generation-", "building", "embedded-parts"


@dataclass(frozen=True)
class Generation:
    """Hold one state of an index: where its files are, and what they must be."""

    folder: Path
    manifest: Manifest

    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            UserError: The file is missing or not as it was written; the message names it.
        """
        content = _read(self.folder / name)
        entry = self.manifest.files.get(name)
        if entry is None or entry != _entry(content):
            raise damaged(self.folder / name)
        return content


def open_generation(folder: Path) -> Generation:
    """Return the index's current generation.

    Raises:
        UserError: There is no index, or its pointer or manifest is damaged.
    """
    if not (folder / POINTER).is_file():
        raise UserError(say("rag.no_index", folder=folder), say("rag.build_hint"))
    name = re.fullmatch(rb"(generation-[0-9a-f]{32})\n", _read(folder / POINTER))
    place = folder / name[1].decode() if name else None
    if place is None or not place.is_dir():
        raise damaged(folder / POINTER)
    text = _read(place / MANIFEST)
    if _name(text) != place.name:
        raise damaged(place / MANIFEST)
    try:
        return Generation(place, Manifest.model_validate_json(text))
    except ValidationError as error:
        raise UserError(say("rag.other_version", folder=folder), say("rag.build_hint")) from error


def damaged(path: Path) -> UserError:
    """Return the error for a file that is not as it was written."""
    return UserError(say("rag.damaged", path=path), say("rag.build_hint"))


@contextmanager
def being_built(folder: Path) -> Iterator[None]:
    """Keep other builds of the same index away, and turn a failing disk into a message for people.

    Raises:
        UserError: Another process builds this index.
        RefusedError: Its folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK) as free:
            if not free:
                raise UserError(say("rag.busy", folder=folder), say("rag.busy_hint"))
            yield
    except OSError as error:
        reason = reason_of(error)
        raise RefusedError(say("rag.cannot_write", folder=folder, reason=reason), say("rag.write_hint")) from error


def write_generation(folder: Path, files: Mapping[str, bytes], manifest: Manifest) -> Generation:
    """Write a new generation, make it the current one, and remove all others.

    Args:
        folder: The index; the caller holds it by ``being_built``.
        files: Each file's content by name.
        manifest: What the index consists of; its ``files`` are filled in here.
    """
    building = folder / BUILDING
    if building.exists():
        shutil.rmtree(building)
    try:
        return _write_generation(folder, building, files, manifest)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)  # a full disk gets its space back
        raise


def _write_generation(folder: Path, building: Path, files: Mapping[str, bytes], manifest: Manifest) -> Generation:
    building.mkdir()
    entries = {name: _write(building / name, content) for name, content in files.items()}
    manifest = manifest.model_copy(update={"files": entries})
    text = (manifest.model_dump_json(indent=2) + "\n").encode()
    _write(building / MANIFEST, text)
    durable.flush_folder(building)
    generation = Generation(folder / _name(text), manifest)
    _switch(folder, building, generation)
    _remove_others(folder, generation.folder)
    return generation


def _switch(folder: Path, building: Path, generation: Generation) -> None:
    """Give the finished folder its name, then make it count."""
    place = generation.folder
    if place.exists() and not _sound(generation):  # the same index as before, but damaged: nothing to lose
        shutil.rmtree(place)
    if not place.exists():
        os.rename(building, place)
        durable.flush_folder(folder)
    durable.write_text(folder / POINTER, place.name + "\n")


def _sound(generation: Generation) -> bool:
    try:
        for name in generation.manifest.files:
            generation.read(name)
        return _name(_read(generation.folder / MANIFEST)) == generation.folder.name
    except UserError:
        return False


def _remove_others(folder: Path, place: Path) -> None:
    """Remove what no pointer names any more: old generations, and what a killed or finished build left."""
    for path in folder.iterdir():
        if path == place or not path.name.startswith((GENERATION, BUILDING, PARTS, f".{POINTER}.")):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(path: Path, content: bytes) -> FileEntry:
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return _entry(content)


def _entry(content: bytes) -> FileEntry:
    return FileEntry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _name(manifest: bytes) -> str:
    return GENERATION + hashlib.sha256(manifest).hexdigest()[:32]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = reason_of(error)
        raise UserError(say("rag.file_missing", path=path, reason=reason), say("rag.build_hint")) from error
