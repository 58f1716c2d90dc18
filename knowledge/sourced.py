"""Entries whose facts each name where they come from."""

from typing import ClassVar

from .record import Record


class Sourced(Record):
    """Base of records that carry facts; a fact without a source is refused when the file is read.

    Attributes:
        facts: The names of the fields that state facts.
        sources: Field name -> ids of the evidence entries that say so.
    """

    facts: ClassVar[frozenset[str]]

    sources: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        stated = {name for name in self.facts if getattr(self, name) is not None}
        named = {name for name, ids in self.sources.items() if ids}
        if missing := sorted(stated - named):
            raise ValueError(f"no source for {', '.join(missing)}")
        if strange := sorted(set(self.sources) - stated):
            raise ValueError(f"a source for {', '.join(strange)}, which states no fact")
