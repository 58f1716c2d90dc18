"""Published cases: what others had, what they did, and what came of it."""

from typing import ClassVar

from .frozen import Field
from .record import Record
from .rule import Scalar
from .text import Text


class PublishedCase(Record):
    """Describe one published case; it stands beside the advice and decides nothing.

    Attributes:
        chose: The label of what they did.
        worked: Whether it did what they wanted.
        answers: What was published about the case, by field of the profile; nothing is filled in.
        did: What they did.
        outcome: What came of it, with figures where there are any.
        evidence: Where it was published.
    """

    folder: ClassVar[str] = "cases"

    title: Text
    chose: str
    worked: bool = True
    answers: dict[str, Scalar] = Field(default_factory=dict)
    did: Text
    outcome: Text
    evidence: tuple[str, ...] = Field(min_length=1)
