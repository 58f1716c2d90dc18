"""What form an answer must have: one of a few labels, JSON of a given shape, or what an expression describes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..knowledge.json_value import JsonValue


@dataclass(frozen=True)
class Labels:
    """Allow a few answers and nothing else.

    Attributes:
        names: The answers, each as it is written; at least one.
    """

    names: tuple[str, ...]

    def holds(self, answer: str) -> bool:
        """Tell whether an answer is one of the labels."""
        return answer in self.names


@dataclass(frozen=True)
class JsonShape:
    """Allow JSON of a shape and nothing else.

    Attributes:
        schema: JSON Schema; what is checked of it are ``type``, ``enum``, ``pattern`` where Python reads it,
            ``properties``, ``required``, ``additionalProperties`` and ``items``.
    """

    schema: Mapping[str, JsonValue]

    def holds(self, answer: str) -> bool:
        """Tell whether an answer is JSON of this shape."""
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            return False
        return _fits(value, self.schema)


@dataclass(frozen=True)
class Written:
    """Allow what a regular expression describes as a whole and nothing else.

    Attributes:
        pattern: The expression; a point stands for line ends, too.
    """

    pattern: str

    def holds(self, answer: str) -> bool:
        """Tell whether an answer as a whole is what the expression describes."""
        return re.fullmatch(self.pattern, answer, re.DOTALL) is not None


Constraint = Labels | JsonShape | Written


def any_of(names: Sequence[str], none: str) -> str:
    """Return an expression of any number of names, one a line, each as often as there are names at most.

    Args:
        names: The names; at least one.
        none: What stands where none does.
    """
    one = "|".join(map(re.escape, names))
    return f"(?:{one})(?:\\n(?:{one})){{0,{len(names) - 1}}}|{re.escape(none)}"


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def _fits(value: JsonValue, schema: Mapping[str, JsonValue]) -> bool:
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
        return False
    allowed, pattern = schema.get("enum"), schema.get("pattern")
    if isinstance(allowed, list) and value not in allowed:
        return False
    if isinstance(pattern, str) and isinstance(value, str) and not _has(value, pattern):
        return False
    if isinstance(value, list):
        items = schema.get("items")
        return not isinstance(items, dict) or all(_fits(item, items) for item in value)
    return not isinstance(value, dict) or _object_fits(value, schema)


def _has(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError):  # schemas have the expressions of JavaScript, such as \p{L}
        return True


def _object_fits(value: Mapping[str, JsonValue], schema: Mapping[str, JsonValue]) -> bool:
    known, required = schema.get("properties"), schema.get("required")
    known = known if isinstance(known, dict) else {}
    if isinstance(required, list) and not {*required} <= {*value}:
        return False
    if schema.get("additionalProperties") is False and not {*value} <= {*known}:
        return False
    return all(_fits(value[name], part) for name, part in known.items() if name in value and isinstance(part, dict))


def _is(value: JsonValue, kind: str) -> bool:
    return isinstance(value, _TYPES.get(kind, ())) and (kind == "boolean" or not isinstance(value, bool))
