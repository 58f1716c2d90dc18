"""What every knowledge entry has in common."""

from typing import ClassVar

from .frozen import Frozen


class Record(Frozen):
    """Base of all knowledge records: frozen, strict about unknown keys, known by an id.

    The id is the file's name; a file need not repeat it.
    """

    folder: ClassVar[str]

    id: str
