"""Find how rows are laid out: each layout is a file in ``executors/layouts``, and its presence is its registration."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from . import layouts

Values = Mapping[str, Any]
"""The fields of a row."""

Wrong = tuple[str, dict[str, Any]]
"""A kind of fault, and what its text names."""


class Layout(Protocol):
    """What a file in ``executors/layouts`` offers, in this order.

    Attributes:
        FIELDS: The fields that a row must have, each with all names that it may go by; the layout with most wins.
    """

    FIELDS: tuple[tuple[str, ...], ...]

    def wrong(self, values: Values, /) -> Iterator[Wrong]:
        """Yield what is wrong with a row that has all fields; the rest is only asked of rows without faults."""

    def asked(self, values: Values, /) -> str:
        """Return what the model sees."""

    def wanted(self, values: Values, /) -> str:
        """Return what it should answer; empty where there is nothing to answer."""

    def classes(self, values: Values, /) -> Sequence[str]:
        """Return the classes of a row; empty in layouts without any."""

    def converted(self, values: Values, /) -> dict[str, Any]:
        """Return the row as training reads it."""


@cache
def layout_names() -> tuple[str, ...]:
    """Return all layouts, those with most required fields first."""
    names = [module.name for module in iter_modules(layouts.__path__) if not module.name.startswith("_")]
    return tuple(sorted(names, key=lambda name: (-len(layout(name).FIELDS), name)))


def layout(name: str) -> Layout:
    """Import one layout, by its file's name."""
    return cast(Layout, import_module(f"{layouts.__name__}.{name}"))


def layout_of(fields: Collection[str]) -> str | None:
    """Return the layout of a row with these fields, or None."""
    return next((name for name in layout_names() if not lacking(name, fields)), None)


def lacking(name: str, fields: Collection[str]) -> list[str]:
    """Return the required fields of a layout that a row does not have, each with all its names."""
    return [" / ".join(names) for names in layout(name).FIELDS if not set(names) & set(fields)]


def value_of(values: Values, names: Sequence[str]) -> Any:  # noqa: ANN401 - whatever a row holds
    """Return the value of a field under the first of its names that the row has."""
    return next((values[name] for name in names if name in values), None)


def text_of(values: Values, names: Sequence[str]) -> str:
    """Return the text of a field; numbers count as texts, nothing as an empty one."""
    value = value_of(values, names)
    return "" if value is None else str(value).strip()


def wrong_text(values: Values, names: Sequence[str], kind: str) -> Iterator[Wrong]:
    """Yield what is wrong with a field that must hold a text: its type, or that it is empty.

    Args:
        values: The row.
        names: The field's names.
        kind: Kind of fault where it is empty.
    """
    value = value_of(values, names)
    field = next(name for name in names if name in values)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        yield "wrong_type", {"field": field, "expected": "text", "found": type(value).__name__}
    elif not text_of(values, names):
        yield kind, {"field": field}


def wrong_where_given(values: Values, names: Sequence[str]) -> Iterator[Wrong]:
    """Yield what is wrong with a text that a row may leave out or leave empty."""
    if set(names) & values.keys():
        yield from (one for one in wrong_text(values, names, "empty") if one[0] != "empty")
