"""Where an index can be kept: what a build asks of a folder, and of a database."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ..knowledge.progress import Progress
from .address import Address, Place, at
from .changes import Contents
from .embedders import Embedder
from .known import Known
from .manifest import Manifest
from .records import IndexOptions

Before = TypeVar("Before", bound=Known)
"""The store's own way of holding the index as it was."""


@dataclass(frozen=True)
class Work(Generic[Before]):
    """Say what an index has to become.

    Attributes:
        contents: What it consists of.
        options: How it is built.
        embedder: The embedder that the options name.
        earlier: The index that is there, if it can be used.
        progress: Is told how far the work is.
    """

    contents: Contents
    options: IndexOptions
    embedder: Embedder
    earlier: Before | None
    progress: Progress


@dataclass(frozen=True)
class Written:
    """Hold the manifest of what was written, and how many chunks had to be embedded."""

    manifest: Manifest
    embedded: int


class Store(Protocol[Before]):
    """Keep one index; readers see the old state until the new one is complete."""

    def check(self, options: IndexOptions | None = None, sources: Sequence[str] = ()) -> None:
        """Verify that an index can be built here with these options, or that there is one where they are None.

        Args:
            options: How it would be built.
            sources: Absolute paths that the index would have to keep.

        Raises:
            UserError: It cannot, or there is none.
        """

    def being_built(self) -> AbstractContextManager[None]:
        """Keep other builds of the same index away for the time of the block.

        Raises:
            UserError: Another process builds this index.
        """

    def options(self) -> IndexOptions:
        """Return what the index that is there was built with, after checking all of it.

        Raises:
            UserError: There is none, or it is damaged.
        """

    def earlier(self, options: IndexOptions, embedder: Embedder) -> Before | None:
        """Return the index that is there; None if there is none that can be used."""

    def leave(self, earlier: Before) -> None:
        """Let the index be as it is, and remove what killed builds left of others."""

    def write(self, work: Work[Before]) -> Written:
        """Make the index what it has to become."""


def open_store(place: Place) -> Store[Any]:
    """Return the store of a place; nothing is looked at yet."""
    place = at(place)
    if isinstance(place, Address):
        from .postgres.store import Database

        return Database(place)
    from .folder import Folder

    return Folder(place)
