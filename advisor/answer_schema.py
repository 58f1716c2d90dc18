"""The answers that rows allow, where they are few, and the JSON Schema that they follow, where there is one."""

from collections.abc import Sequence
from typing import Any

from .json_answers import json_objects
from .plan_data import Data

MOST_CHOICES = 200
"""More answers than this are too long a list for a prompt."""

RECURRING = 10
"""Answers are choices where each occurs this often, on average."""


def choices_of(data: Data) -> tuple[str, ...]:
    """Return the classes of labelled rows, or the answers that recur; empty where answers are free, or JSON."""
    if not data.classes and are_json(data):
        return ()
    answers = data.classes or tuple(sorted({row.answer for row in data.rows}))
    recur = bool(data.classes) or len(answers) * RECURRING <= len(data.rows)
    return answers if recur and len(answers) <= MOST_CHOICES else ()


def are_json(data: Data) -> bool:
    """Tell whether all answers are JSON objects."""
    return bool(json_objects([row.answer for row in data.rows]))


def schema_of(data: Data) -> dict[str, Any] | None:
    """Return the JSON Schema of the answers: the choices, JSON's own keys, or else the expected fields."""
    if not data.form.fields and (choices := choices_of(data)):
        one = {"type": "string", "enum": list(choices)}
        return {"type": "array", "items": one} if data.several else one
    if answers := json_objects([row.answer for row in data.rows]):
        names = dict.fromkeys(name for answer in answers for name in answer)
        fields = {name: _kind([answer[name] for answer in answers if name in answer]) for name in names}
        required = [name for name in names if all(name in answer for answer in answers)]
    else:
        fields = {field.name: _values(field.values, field.pattern) for field in data.form.fields}
        required = list(fields)
    if not fields:
        return None
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _kind(values: Sequence[Any]) -> dict[str, Any]:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    kinds = sorted({names.get(type(value), "null") for value in values})
    return {"type": kinds[0] if len(kinds) == 1 else kinds}


def _values(values: Sequence[str] | None, pattern: str | None) -> dict[str, Any]:
    if values:
        return {"type": "string", "enum": list(values)}
    return {"type": "string", "pattern": f"^(?:{pattern})$"} if pattern else {"type": "string"}
