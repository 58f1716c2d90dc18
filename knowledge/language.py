"""Languages that need other advice because models have seen little or nothing of them."""

from typing import ClassVar

from .load import load
from .record import Record
from .text import Text


class LanguageGroup(Record):
    """Name a group of languages that language models serve equally badly.

    Attributes:
        codes: ISO 639 codes, and words that profiles use instead of one.
        evidence: Who put them into this group, and what was found for it.
    """

    folder: ClassVar[str] = "languages"

    title: Text
    codes: tuple[str, ...]
    evidence: tuple[str, ...]


def group_of(language: str) -> str:
    """Return the id of the group that a language belongs to, or ``well_served``."""
    code = language.strip().lower().replace("_", "-")
    for group in load(LanguageGroup).values():
        if code in group.codes or code.partition("-")[0] in group.codes:
            return str(group.id)
    return "well_served"
