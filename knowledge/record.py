"""What every knowledge entry has in common."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from .frozen import Frozen


class Record(Frozen):
    """Base of all knowledge records: frozen, strict about unknown keys, known by an id.

    The id is the file's name; a file need not repeat it.
    """

    folder: ClassVar[str]

    id: str

    @classmethod
    def problems_together(cls, entries: Mapping[str, Any], folder: Path) -> list[str]:
        """Return what is wrong with all entries of a kind together, or between them and the other folders.

        Args:
            entries: All entries of the kind by id.
            folder: Where they were read from; the other kinds lie beside it.
        """
        return []
