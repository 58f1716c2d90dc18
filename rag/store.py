"""Keep an index on disk in generations: a reader sees the old one or the new one, never a mixture.

A generation is a folder named after the hash of its manifest; the manifest holds size and SHA-256 of every file.
One small file, ``current``, names the generation that counts and is replaced by a rename.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ..knowledge import durable
from ..knowledge.errors import RefusedError, UserError
from ..knowledge.lock import locked
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of
from .draft import BLOCKS, Draft
from .files import DIGEST, CheckedFile, block_count, damaged, missing
from .manifest import Manifest

POINTER, MANIFEST, LOCK = "current", "manifest.json", ".lock"
GENERATION, BUILDING, PARTS = "generation-", "building", "embedded-parts"
CHECKED_AT_ONCE = 256 << 20
"""Bytes of an index up to which opening it checks all of it, in a sixth of a second; of a larger one, what is read."""


@dataclass(frozen=True)
class Generation:
    """Hold one state of an index with its files open; it can be read even when it is no longer the current one."""

    folder: Path
    manifest: Manifest
    files: Mapping[str, CheckedFile]

    def __getitem__(self, name: str) -> CheckedFile:
        """Return a file.

        Raises:
            UserError: The index lacks it.
        """
        if name not in self.files:
            raise damaged(self.folder / MANIFEST)
        return self.files[name]

    def check(self) -> None:
        """Compare the hash of every block of every file.

        Raises:
            UserError: One differs; the message names the file.
        """
        for file in self.files.values():
            file.all()


def open_generation(folder: Path) -> Generation:
    """Return the index's current generation.

    Raises:
        UserError: There is no index, or its pointer, its manifest, or a file is missing or damaged.
    """
    while True:
        place, text = _current(folder)
        try:
            return _open(place, text)
        except UserError:
            if _current(folder)[0] == place:
                raise
            # builds replaced the generation while it was opened


def _current(folder: Path) -> tuple[Path, bytes]:
    """Return the folder of the current generation and its manifest, whatever builds replace meanwhile."""
    while True:
        pointer = _pointer(folder)
        try:
            place = _pointed(folder, pointer)
            return place, _read(place / MANIFEST)
        except UserError:
            if _pointer(folder) == pointer:
                raise


def _pointer(folder: Path) -> bytes:
    if not (folder / POINTER).is_file():
        raise UserError(say("rag.no_index", folder=folder), say("rag.build_hint"))
    return _read(folder / POINTER)


def _pointed(folder: Path, pointer: bytes) -> Path:
    name = re.fullmatch(rb"(generation-[0-9a-f]{32})\n", pointer)
    place = folder / name[1].decode() if name else None
    if place is None or not place.is_dir():
        raise damaged(folder / POINTER)
    return place


def _open(place: Path, text: bytes) -> Generation:
    if _name(text) != place.name:
        raise damaged(place / MANIFEST)
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise UserError(say("rag.other_version", folder=place.parent), say("rag.build_hint")) from error
    generation = Generation(place, manifest, _checked_files(place, manifest))
    if sum(entry.bytes for entry in manifest.files.values()) <= CHECKED_AT_ONCE:
        generation.check()
    return generation


def _checked_files(place: Path, manifest: Manifest) -> dict[str, CheckedFile]:
    hashes = _read(place / BLOCKS)
    if hashlib.sha256(hashes).hexdigest() != manifest.files[BLOCKS].sha256:
        raise damaged(place / BLOCKS)
    files: dict[str, CheckedFile] = {}
    start = 0
    for name, entry in sorted(manifest.files.items()):
        if name != BLOCKS:
            end = start + DIGEST * block_count(entry.bytes)
            files[name] = CheckedFile(place / name, entry.bytes, memoryview(hashes)[start:end])
            start = end
    return files


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


@contextmanager
def drafted(folder: Path) -> Iterator[Draft]:
    """Give room for the files of a new generation; unless they are kept in the block, they are removed after it.

    Args:
        folder: The index; the caller holds it by ``being_built``.
    """
    building = folder / BUILDING
    if building.exists():
        shutil.rmtree(building)
    building.mkdir()
    draft = Draft(building)
    try:
        yield draft
    finally:
        draft.abandon()
        shutil.rmtree(building, ignore_errors=True)  # a full disk gets its space back


def keep(folder: Path, draft: Draft, manifest: Manifest) -> Manifest:
    """Make a draft the current generation, remove all others, and return its manifest with ``files`` filled in.

    Args:
        folder: The index; the caller holds it by ``being_built``.
        draft: The files.
        manifest: What the index consists of.
    """
    manifest = manifest.model_copy(update={"files": draft.finish()})
    text = (manifest.model_dump_json(indent=2) + "\n").encode()
    with draft.writer(MANIFEST) as writer:
        writer.write(text)
    durable.flush_folder(draft.folder)
    place = folder / _name(text)
    _switch(folder, draft.folder, place)
    remove_others(folder, place)
    return manifest


def _switch(folder: Path, building: Path, place: Path) -> None:
    """Give the finished folder its name, then make it count."""
    if place.exists() and not _sound(place):  # the same index as before, but damaged: nothing to lose
        shutil.rmtree(place)
    if not place.exists():
        os.rename(building, place)
        durable.flush_folder(folder)
    durable.write_text(folder / POINTER, place.name + "\n")


def _sound(place: Path) -> bool:
    try:
        _open(place, _read(place / MANIFEST)).check()
    except UserError:
        return False
    return True


def remove_others(folder: Path, place: Path) -> None:
    """Remove what no pointer names any more: old generations, and what a killed or finished build left.

    Args:
        folder: The index; the caller holds it by ``being_built``.
        place: The generation that stays.
    """
    for path in folder.iterdir():
        if path == place or not path.name.startswith((GENERATION, BUILDING, PARTS, f".{POINTER}.")):
            continue
        with suppress(PermissionError):  # Windows removes no open file; the next build tries again
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _name(manifest: bytes) -> str:
    return GENERATION + hashlib.sha256(manifest).hexdigest()[:32]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise missing(path, error) from error
