"""Evidence: where a number or a rule comes from."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from .record import Record
from .text import Text
from .toml_folder import read_folder

CITING = ("evidence", "sources", "source")
"""Keys under which entries name their sources."""

NO_ENTRIES = ("messages", "evidence", "examples", "decisions")
"""Folders of ``knowledge/`` whose files state no facts of their own."""


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

    @classmethod
    def problems_together(cls, entries: Mapping[str, Any], folder: Path) -> list[str]:
        """Return the sources that no entry of any kind names."""
        folders = [path for path in folder.parent.iterdir() if path.is_dir() and path.name not in NO_ENTRIES]
        used = {name for path in folders if any(path.glob("*.toml")) for name in _cited(read_folder(path)[0])}
        unused = sorted(set(entries) - used)
        return [f"knowledge/{cls.folder}/{name}.toml: no entry names this source" for name in unused]


def _cited(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a file says
    """Yield the texts that stand anywhere under a citing key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner) if key in CITING else _cited(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _cited(inner)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
