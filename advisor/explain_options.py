"""Explain what can be set: the options of a step and of a fine-tuning method, each with its values and its default."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from ..executors.meanings import meaning
from ..executors.method import method_module
from ..executors.step import step_module
from ..knowledge.messages import say
from .explain_parts import bullets, heading, part

WORDS = {bool: "true | false", int: "int", float: "float"}


def step_lines(kind: str, width: int) -> Iterator[str]:
    """Yield what a step of a plan can be told.

    Args:
        kind: Of the step.
        width: Columns to fill.
    """
    record = step_module(kind).Options
    yield heading("step", say(f"steps.{kind}.title"), kind)
    yield part("step_options", "", width)
    names = [name for name, field in record.model_fields.items() if name != "kind" and not _holds_others(field)]
    yield from bullets((_line(record, name) for name in names), width)
    if "method_options" in record.model_fields:
        yield part("more_options", "", width)


def method_option_lines(method: str, width: int) -> Iterator[str]:
    """Yield what a method can be told, as ``--set`` names it; its learning rate stands first.

    Args:
        method: One that can be run.
        width: Columns to fill.
    """
    own = method_module(method)
    rate = say("advice.explain.own_rate", value=f"{own.LEARNING_RATE:g}")
    yield part("set_options", "", width)
    yield from bullets(
        [rate, *(_line(own.Options, name, "method_options.") for name in own.Options.model_fields)], width
    )


def _holds_others(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _line(record: type[BaseModel], name: str, place: str = "") -> str:
    field = record.model_fields[name]
    told = {"values": _values(field.annotation), "default": _default(field), "meaning": meaning(record, name)}
    text = say("advice.explain.option", **told)
    return say("advice.named", name=f"{place}{name}", text=text)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return say("advice.explain.no_default")
    value = field.get_default(call_default_factory=True)
    return say("advice.explain.default", value=value if isinstance(value, str) else to_json(value).decode())


def _values(kind: Any) -> str:  # noqa: ANN401 - any annotation
    """Return what an option may be: a type, or the words that are allowed."""
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(_values(one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return " | ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return say("advice.explain.list")
    if kind is NoneType:
        return "null"
    return WORDS.get(kind) or say("advice.explain.text")
