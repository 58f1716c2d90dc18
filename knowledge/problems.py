"""What pydantic found wrong, said in the user's language."""

from typing import TYPE_CHECKING, NamedTuple

from .messages import say

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_SAME = {
    "int_parsing": "int_type",
    "int_from_float": "int_type",
    "float_parsing": "float_type",
    "bool_parsing": "bool_type",
    "tuple_type": "list_type",
    "model_type": "dict_type",
    "model_attributes_type": "dict_type",
    "too_short": "empty",
    "string_too_short": "empty",
}
_SAID = (
    "missing", "extra_forbidden", "int_type", "float_type", "bool_type", "string_type", "list_type", "dict_type",
    "literal_error", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "empty", "too_few",
    "string_pattern_mismatch",
)  # fmt: skip


class Problem(NamedTuple):
    """Say what is wrong at one place of a file.

    Attributes:
        place: Keys and list positions from the top, such as ``("steps", 2, "rank")``.
        text: What is wrong, in the user's language.
        absent: Whether it is wrong that there is nothing at that place.
    """

    place: tuple[str | int, ...]
    text: str
    absent: bool = False

    def said(self) -> str:
        """Return place and text as one line."""
        parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in self.place]
        return f"{''.join(parts).lstrip('.')}: {self.text}" if parts else self.text


def problems_of(error: "ValidationError", place: tuple[str | int, ...] = ()) -> list[Problem]:
    """Return all problems of a validation.

    Args:
        error: What pydantic raised.
        place: Where in the file the validated part stands.
    """
    found = error.errors(include_url=False)
    return [Problem((*place, *item["loc"]), _text(item), item["type"] == "missing") for item in found]


def _text(item: "ErrorDetails") -> str:
    kind = "too_few" if item["type"] == "too_short" and item["input"] else _SAME.get(item["type"], item["type"])
    if kind not in _SAID:
        return item["msg"].removeprefix("Value error, ")
    limits = {name: value for name, value in item.get("ctx", {}).items() if name not in {"error", "value"}}
    if "expected" in limits:
        limits["expected"] = _listed(limits["expected"])
    return say(f"problems.{kind}", value=_short(item["input"]), **limits)


def _listed(expected: str) -> str:
    """Return pydantic's list of what is allowed, ``'a', 'b' or 'c'``, as the user's language lists."""
    rest, found, last = expected.rpartition(" or ")
    return rest.replace(", ", say("problems.comma")) + (say("problems.or") if found else "") + last


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
