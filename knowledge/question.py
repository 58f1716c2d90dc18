"""Questions: how each answer of the profile is asked for, why, and how to find it out."""

from typing import ClassVar, Literal

from .frozen import Frozen
from .record import Record
from .rule import Condition, Scalar
from .text import Text


class Option(Frozen):
    """Offer one answer; for numbers it is a typical value of a range."""

    value: Scalar
    label: Text
    help: Text


class Question(Record):
    """Ask for one field of the profile; the question's id is the field.

    Attributes:
        order: Place in the full questionnaire.
        name: What is asked for, in a word or two.
        kind: ``choice`` allows only the options; ``number`` and ``text`` allow other answers too.
        why: Why the answer matters.
        find_out: How to find the answer out when it is not known.
        when: Facts that must not be false for the question to make sense.
        usual: What is so in nearly every case; while unknown it is told as an assumption and lowers no certainty.
        evidence: Who says what is usual.
        option: Answers to choose from, from small to large; they are also what "what if" tries.
    """

    folder: ClassVar[str] = "questions"

    order: int
    kind: Literal["choice", "number", "text"]
    name: Text
    text: Text
    why: Text
    find_out: Text
    when: tuple[Condition, ...] = ()
    usual: Scalar | None = None
    evidence: tuple[str, ...] = ()
    option: tuple[Option, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "choice" and len(self.option) < 2:
            raise ValueError("a choice needs at least two options")
