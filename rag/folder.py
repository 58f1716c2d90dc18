"""Keep an index in a folder."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from .earlier import Earlier, open_earlier
from .embedders import Embedder
from .generation import write_files
from .records import IndexOptions
from .store import being_built, drafted, keep, open_generation, remove_others
from .stores import Work, Written


class Folder:
    """Keep one index in a folder, in generations.

    Args:
        folder: Created when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, options: IndexOptions | None = None, sources: Sequence[str] = ()) -> None:
        """Verify that there is an index where no options are given; any can be built."""
        if options is None:
            open_generation(self._folder)

    def being_built(self) -> AbstractContextManager[None]:
        """Keep other builds of the same index away for the time of the block."""
        return being_built(self._folder)

    def options(self) -> IndexOptions:
        """Return what the index was built with; a damaged one is named, not replaced by one of fewer sources."""
        generation = open_generation(self._folder)
        generation.check()
        return generation.manifest.options

    def earlier(self, options: IndexOptions, embedder: Embedder) -> Earlier | None:
        """Return the index that is there; None if there is none, or a damaged one."""
        return open_earlier(self._folder, options, embedder)

    def leave(self, earlier: Earlier) -> None:
        """Remove what killed builds left of other generations."""
        remove_others(self._folder, earlier.folder)

    def write(self, work: Work[Earlier]) -> Written:
        """Write a new generation, and make it the current one."""
        with drafted(self._folder) as draft:
            written = write_files(draft, self._folder, work)
            return Written(keep(self._folder, draft, written.manifest), written.embedded)
