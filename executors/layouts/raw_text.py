"""Plain text to go on learning from."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, wrong_text

TEXT = ("text",)
FIELDS = (TEXT,)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with the text."""
    yield from wrong_text(values, TEXT, "empty")


def asked(values: Values, /) -> str:
    """Return the text."""
    return text_of(values, TEXT)


def wanted(values: Values, /) -> str:
    """Return nothing: the text itself is learnt."""
    return ""


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return the text."""
    return {"text": asked(values)}
