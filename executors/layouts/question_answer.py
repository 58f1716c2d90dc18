"""A question and its answer, as the trainer reads them; other fields are kept."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, wrong_text

QUESTION, ANSWER = ("question",), ("answer",)
FIELDS = (QUESTION, ANSWER)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with question and answer."""
    yield from wrong_text(values, QUESTION, "empty")
    yield from wrong_text(values, ANSWER, "empty_answer")


def asked(values: Values, /) -> str:
    """Return the question."""
    return text_of(values, QUESTION)


def wanted(values: Values, /) -> str:
    """Return the answer."""
    return text_of(values, ANSWER)


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: answers are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return the row with its texts trimmed."""
    return {**values, "question": asked(values), "answer": wanted(values)}
