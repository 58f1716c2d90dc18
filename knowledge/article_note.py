"""Notes on the article that the first rules came from: what it says about a situation, and what is known since."""

from typing import ClassVar

from .frozen import Field
from .record import Record
from .rule import Case, Condition
from .text import Text


class ArticleNote(Record):
    """Set one statement of the article beside what has been measured since.

    Attributes:
        order: Notes with a smaller number are told first.
        when: The situation; all of these must hold.
        article: What the article says.
        now: What stands of it, and what does not.
        evidence: Who says so.
        case: At least one set of answers for which the note is told, and one for which it is not.
    """

    folder: ClassVar[str] = "article"

    order: int
    when: tuple[Condition, ...] = Field(min_length=1)
    article: Text
    now: Text
    evidence: tuple[str, ...] = Field(min_length=1)
    case: tuple[Case, ...] = Field(min_length=2)
