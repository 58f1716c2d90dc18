"""Read what ``--set`` says: values of a step's options, lists by commas, files from where the command is given."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from ..executors.method import method_ids, method_module
from ..executors.step import step_module
from ..executors.task import task_class, task_ids
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .own_run import absolute

TEXTS = (str, str | None)
"""What options are that hold a text."""

Records = Mapping[str, type[BaseModel]]
"""What a step's options are checked against: its own under an empty name, nested ones under the option's name."""


def options_of(words: Sequence[str], kind: str, given: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return options as a step has them; ``method_options.rank=8`` is a nested one.

    Args:
        words: Each ``OPTION=VALUE``.
        kind: Of the step.
        given: Options that the command has beside these, such as the method.

    Raises:
        UserError: A word is not ``OPTION=VALUE``, a value is not YAML, or a file or an option does not exist.
    """
    pairs = [_pair(word) for word in words]
    records = records_of(kind, {**given, **dict(pairs)})
    _refuse_unknown(kind, [name for name, _ in pairs], records)
    found: dict[str, Any] = {}
    for name, text in pairs:
        *outer, last = name.split(".")
        place = found
        for part in outer:
            place = place.setdefault(part, {})
        record = records.get(".".join(outer))
        place[last] = value_of(text) if record is None else _value(record, last, text)
    return found


def records_of(kind: str, given: Mapping[str, Any]) -> Records:
    """Return what a step's options are checked against; the nested ones depend on its method and task.

    Args:
        kind: Of the step.
        given: Its options as far as they are known.
    """
    own = step_module(kind).Options
    records: dict[str, type[BaseModel]] = {"": own}
    if "method_options" in own.model_fields:
        method, task = given.get("method", "lora"), given.get("task", "causal_lm")
        records |= {"method_options": method_module(method).Options} if method in method_ids() else {}
        records |= {"task_options": task_class(task).Options} if task in task_ids() else {}
    return records


def value_of(text: str) -> Any:  # noqa: ANN401 - any YAML value
    """Return a value that is written as in a plan.

    Raises:
        UserError: It is not YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        problem = str(error).strip().splitlines()[0]
        raise UserError(say("own.wrong_value", value=text, problem=problem), say("own.wrong_set_hint")) from None


def is_list(record: type[BaseModel], option: str) -> bool:
    """Tell whether an option holds several words."""
    kind = record.model_fields[option].annotation
    return get_origin(kind) is tuple and not (isinstance(get_args(kind)[0], type) and get_args(kind)[0] is not str)


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise UserError(say("own.wrong_set", word=word), say("own.wrong_set_hint"))
    return name, value


def _value(record: type[BaseModel], option: str, text: str) -> Any:  # noqa: ANN401 - any YAML value
    value = _as_text(text) if record.model_fields[option].annotation in TEXTS else value_of(text)
    if is_list(record, option) and value is not None and not isinstance(value, list):
        value = [part.strip() for part in text.split(",") if part.strip()]
    if option not in getattr(record, "inputs", ()):
        return value
    if isinstance(value, list):  # the plan lies elsewhere
        return [absolute(str(one)) for one in value]
    return absolute(value) if isinstance(value, str) else value


def _as_text(text: str) -> Any:  # noqa: ANN401 - a text, or nothing
    """Return what stands there for an option that holds a text: ``007`` is one, and so is ``[A-Z]+``."""
    try:
        value = value_of(text)
    except UserError:
        return text
    return value if value is None or isinstance(value, str) else text


def _refuse_unknown(kind: str, names: Sequence[str], records: Records) -> None:
    if told := list(dict.fromkeys(_unknown(names, records))):
        problems = "\n".join(f"  {line}" for line in told)
        raise UserError(say("own.wrong_options", kind=kind, problems=problems), say("own.options_hint", kind=kind))


def _unknown(names: Sequence[str], records: Records) -> Iterator[str]:
    for name in names:
        outer, _, last = name.rpartition(".")
        record = records.get(outer)
        if record is None and outer in records[""].model_fields:
            continue  # nested in something that is checked as a whole
        if record is None or last not in record.model_fields:
            yield _told(name, records)


def _told(name: str, records: Records) -> str:
    """Return that there is no such option, and the one of that name elsewhere, the closest one, or all beside it."""
    known = {
        f"{outer}.{option}".lstrip("."): outer
        for outer, record in records.items()
        for option in record.model_fields
        if option != "kind" and option not in records
    }
    outer, _, last = name.rpartition(".")
    beside = [one for one, place in known.items() if place == outer] or list(known)
    names = {one.rpartition(".")[2]: one for one in (*known, *beside)}
    close = [one for one in get_close_matches(last, names, 1, 0.7) if one == last or names[one] in beside]
    if close:
        return say("own.no_option_but", name=name, close=names[close[0]])
    return say("own.no_option", name=name, known=", ".join(beside))
