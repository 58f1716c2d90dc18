"""What every knowledge entry has in common."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all knowledge records: frozen, strict about unknown keys, known by an id.

    The id is the file's name; a file need not repeat it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: ClassVar[str]

    id: str
