"""A text with its class, ``label``, or with any number of classes, ``labels``."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, value_of, wrong_text

TEXT, LABEL = ("text",), ("label", "labels")
FIELDS = (TEXT, LABEL)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with the text and the classes."""
    yield from wrong_text(values, TEXT, "empty")
    if "label" in values and "labels" in values:
        yield "label_and_labels", {}
    elif "label" in values:
        yield from wrong_text(values, ("label",), "empty_answer")
    elif not isinstance(values["labels"], list):
        yield "wrong_type", {"field": "labels", "expected": "list", "found": type(values["labels"]).__name__}
    elif any(not isinstance(label, str | int) or not str(label).strip() for label in values["labels"]):
        yield "empty_answer", {"field": "labels"}


def asked(values: Values, /) -> str:
    """Return the text."""
    return text_of(values, TEXT)


def wanted(values: Values, /) -> str:
    """Return the classes in the order of their names."""
    return " | ".join(sorted(classes(values)))


def classes(values: Values, /) -> tuple[str, ...]:
    """Return the row's classes."""
    found = value_of(values, ("labels",))
    return tuple(dict.fromkeys(str(label).strip() for label in (found if found is not None else [values["label"]])))


def converted(values: Values, /) -> dict[str, Any]:
    """Return the text and its class or classes."""
    own = {"labels": list(classes(values))} if "labels" in values else {"label": classes(values)[0]}
    return {"text": asked(values), **own}
