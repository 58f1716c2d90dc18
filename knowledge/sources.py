"""Evidence: where a number or a rule comes from."""

from datetime import date
from typing import ClassVar, Literal

from .record import Record
from .text import Text


class Evidence(Record):
    """Name one source and what it says, so that every figure can be traced.

    Attributes:
        kind: What sort of source it is; ``measured`` means a script in this repository.
        says: The finding that is relied on, in our own words.
        checked: The day someone last read the source.
    """

    folder: ClassVar[str] = "evidence"

    title: str
    url: str
    year: int
    kind: Literal["paper", "documentation", "code", "data", "case", "article", "measured"]
    says: Text
    checked: date
