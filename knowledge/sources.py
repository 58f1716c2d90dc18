"""Evidence: where a number or a rule comes from."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from .record import Record
from .text import Text
from .toml_folder import read_folder


@cache
def short_titles() -> Mapping[str, str]:
    """Return what each source is called, by id, without checking all that the files say, which takes longer."""
    contents, _ = read_folder(Path(__file__).parent / Evidence.folder)
    return {name: entry.get("short") or name for name, entry in contents.items()}


class Evidence(Record):
    """Name one source and what it says, so that every figure can be traced.

    Attributes:
        short: What it is called where there is little room, unique; empty means by its id.
        kind: What sort of source it is; ``measured`` means a script in this repository.
        says: The finding that is relied on, in our own words.
        checked: The day someone last read the source.
    """

    folder: ClassVar[str] = "evidence"

    title: str
    short: str = ""
    url: str
    year: int
    kind: Literal["paper", "documentation", "code", "data", "case", "article", "measured"]
    says: Text
    checked: date

    @property
    def called(self) -> str:
        """Its short title; ``ftadvisor explain`` knows it by that too."""
        return self.short or self.id
