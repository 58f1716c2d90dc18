"""What form an answer must have: one of a few labels, JSON of a given shape, or what an expression describes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..knowledge.json_value import JsonValue
from .json_schema import Schema, read_json


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
        schema: JSON Schema; a ``pattern`` that Python does not read is not checked.
    """

    schema: Mapping[str, JsonValue]

    @cached_property
    def _schema(self) -> Schema:
        return Schema(self.schema)

    def holds(self, answer: str) -> bool:
        """Tell whether an answer is JSON of this shape.

        Raises:
            UserError: The schema is none, or cannot be applied.
        """
        schema, found = self._schema, read_json(answer)  # a wrong schema shows with the first answer, whatever it is
        return found is not None and schema.allows(found.value)


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
