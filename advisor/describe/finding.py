"""What was found in a text: a value, and the words that it came from."""

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """One answer that the text gives.

    Attributes:
        start: Where the words begin in the text.
        end: Where they end.
        weight: The heaviest finding of a field decides; of equal ones the first.
        exact: The text says this value, and not vague words that stand for about so much.
        number: Which number of the text it is made of; a number answers one question only.
        each: The field whose answer this one is multiplied by.
        added: Findings with the same word here are parts of one number and add up.
        least: How many of those there are when it is not said.
    """

    field: str
    value: Any
    start: int
    end: int
    weight: float
    exact: bool = True
    number: int | None = None
    each: str | None = None
    least: int = 1
    added: str | None = None
