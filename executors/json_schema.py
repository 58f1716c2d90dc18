"""Read answers as JSON and hold them against a JSON Schema; nothing that a schema names elsewhere is fetched."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from ..knowledge.errors import UserError
from ..knowledge.json_value import JsonValue
from ..knowledge.messages import say
from .models import require


class Json(NamedTuple):
    """Hold what a text says that is JSON; ``null`` is a value, too."""

    value: JsonValue


def read_json(text: str) -> Json | None:
    """Return what a text says, or None where it is not JSON and nothing else.

    Source: RFC 8259, section 6, which knows no ``NaN`` and no ``Infinity``.
    """
    try:
        return Json(json.loads(text, parse_constant=_refused))
    except (ValueError, RecursionError):
        return None


def read_object(text: str) -> Mapping[str, JsonValue] | None:
    """Return what a text says, or None where it is no JSON object."""
    found = read_json(text)
    return found.value if found and isinstance(found.value, dict) else None


class Schema:
    """Apply a JSON Schema.

    Args:
        schema: The schema; without ``$schema`` it is one of the draft 2020-12.

    Raises:
        UserError: It is none, or jsonschema is not installed.
    """

    def __init__(self, schema: Mapping[str, JsonValue]) -> None:
        library, known = require("jsonschema"), require("jsonschema_specifications").REGISTRY
        self._unresolvable: type[Exception] = require("referencing").exceptions.Unresolvable
        kind = library.validators.validator_for(schema, default=library.Draft202012Validator)
        try:
            kind.check_schema(schema, format_checker=None)  # which expressions are none, Python does not say
        except library.SchemaError as error:
            raise UserError(say("evaluation.wrong_schema", problem=f"{error.json_path}: {error.message}")) from None
        apart = library.validators.extend(kind, {"pattern": _where_read(kind.VALIDATORS["pattern"])})
        self._validator: Any = apart(schema, registry=known)

    def allows(self, value: JsonValue) -> bool:
        """Tell whether a value follows the schema.

        Raises:
            UserError: The schema names another file, or has a pattern for keys that Python does not read.
        """
        try:
            return bool(self._validator.is_valid(value))
        except re.error as error:
            raise UserError(say("evaluation.wrong_schema", problem=f"{error.pattern!r}: {error}")) from None
        except (self._unresolvable, OverflowError) as error:
            raise UserError(say("evaluation.wrong_schema", problem=error)) from None
        except RecursionError:  # deeper than anyone can read, or a schema that leads to itself
            return False


def _where_read(check: Any) -> Any:  # noqa: ANN401 - a function of jsonschema's
    """Return a check of texts that leaves out patterns which Python does not read.

    Schemas have the expressions of JavaScript; the grammar that holds answers to a schema reads more of them.
    """

    def check_where_read(validator: Any, pattern: str, *more: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
        try:
            re.compile(pattern)
        except (re.error, OverflowError):
            return
        yield from check(validator, pattern, *more)

    return check_where_read


def _refused(name: str) -> NoReturn:
    raise ValueError(name)
