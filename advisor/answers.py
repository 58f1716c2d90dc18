"""Turn answers as people and files write them into a profile; what is not understood is told and stays unknown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.prior import written
from ..knowledge.task import find_family, task_words
from .labels import RULE_NAMES
from .model_remark import model_remark
from .profile import FIELDS, Origin, Profile, choices
from .weighing import MOST

_UNKNOWN = {"", "?", "null", "none?", "unknown?", "~", "不知道", "未知"}
_TRUE, _FALSE = {"true", "yes", "y", "1", "是", "有", "可以"}, {"false", "no", "n", "0", "否", "没有", "不可以"}
_SCALES = {"": 1, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "千": 1e3, "万": 1e4, "百万": 1e6, "亿": 1e8}
_COUNT = re.compile(r"([\d.,_]+)\s*(百万|[kmbg千万亿]?)", re.IGNORECASE)
_UNITS = {"vram_gb": ("gb", "gib", "g"), "base_model_params_b": ("b",), "adapter_storage_mb": ("mb", "mib", "m")}
_TEXT = ("id", "task_type", "language", "base_model")


def profile_from(
    answers: Mapping[str, Any], origin: Origin = "file", lines: Mapping[str, int] | None = None
) -> Profile:
    """Return the profile of some answers, with everything that was not understood in its ``problems``.

    Args:
        answers: Values by field, as read from YAML, JSON or a command line.
        origin: Where the answers come from, for those that do not say so themselves under ``origins``.
        lines: Line numbers by field, for the problems' texts.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, given in answers.items():
        if name in ("wording", "origins", "problems"):
            continue
        value, problem = read_answer(str(name), given)
        problem = say("advice.as_unknown", problem=problem) if problem else _remark(str(name), value)
        if value is not None:
            values[str(name)] = value
        if problem:
            line = (lines or {}).get(str(name))
            problems.append(say("advice.line", line=line, problem=problem) if line else problem)
    origins = _origins(values, answers.get("origins"), origin)
    wording, problem = read_wording(answers.get("wording"))
    if problem:
        line = (lines or {}).get("wording")
        problems.append(say("advice.line", line=line, problem=problem) if line else problem)
    return Profile(**values, wording=wording, origins=origins, problems=tuple(problems))


def change(profile: Profile, words: Iterable[str]) -> Profile:
    """Return the profile with answers of the form ``field=value`` from the command line put in.

    Raises:
        UserError: One has no value, a field that does not exist, or a value that the field does not allow.
    """
    wrong: list[str] = []
    for word in words:
        name, equals, given = word.partition("=")
        if not equals or not name.strip():
            raise UserError(say("advice.set_without_value", word=word), say("advice.set_hint"))
        if name.strip() == "wording":
            points, problem = read_wording(given.strip())
            wrong += [problem] if problem else []
            profile = profile.model_copy(update={"wording": points})
            continue
        value, problem = read_answer(name.strip(), given.strip())
        if problem:
            wrong.append(problem)
            continue
        if name.strip() in FIELDS:
            profile = profile.with_answers("flag", **{name.strip(): value})
        if remark := _remark(name.strip(), value):
            profile = profile.model_copy(update={"problems": (*profile.problems, remark)})
    if wrong:
        raise UserError("\n".join(wrong), say("advice.set_hint"))
    return profile


def as_word(value: object) -> str:
    """Return a value as people write it on a command line, such as ``true`` or ``150000``."""
    return written(_whole(value))


def _remark(name: str, value: Any) -> str | None:  # noqa: ANN401 - any field's value
    return model_remark(value) if name == "base_model" and value is not None else None


def read_answer(name: str, given: object) -> tuple[Any, str | None]:
    """Return an answer's value, or None when it is unknown, and what was wrong with it, or None.

    Args:
        name: The field's name.
        given: The value as it was written: a number, ``5k``, ``3万``, ``yes``, a word ...
    """
    if name != "id" and name not in FIELDS:
        close = _close(name, FIELDS, 1)
        hint = say("advice.did_you_mean", name=close[0]) if close else ""
        return None, say("advice.unknown_field", name=name, hint=hint)
    if given is None or (isinstance(given, str) and given.strip().lower() in _UNKNOWN):
        return None, None
    if name == "task_type" and find_family(str(given)) is None:
        close = _close(str(given).lower(), list(task_words()), 3) or ["qa", "classification", "dialogue"]
        return None, say("advice.unknown_task", value=given, close=", ".join(close))
    try:
        value = getattr(Profile.model_validate({name: _plain(name, given)}), name)
    except ValueError:
        return None, say("advice.unknown_value", name=name, value=given, allowed=allowed(name))
    return value, None


def allowed(name: str) -> str:
    """Return the values that a field allows, for people."""
    if fixed := choices(name):
        return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in fixed)
    return say("advice.any_word") if name in _TEXT else say("advice.any_number")


def _close(word: str, known: Sequence[str], count: int) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word, known, count)


def _plain(name: str, given: object) -> object:
    if name in _TEXT:
        return str(given).strip()
    if not isinstance(given, str):
        return _whole(given)
    word = given.strip().lower()
    if choices(name) == (True, False):
        return True if word in _TRUE else False if word in _FALSE else given
    if choices(name):
        return word
    for unit in _UNITS.get(name, ()):  # these fields count in it, so that 7B is 7 and not 7 billion
        if word.endswith(unit):
            return _count(word.removesuffix(unit).rstrip())
    return _count(word)


def _count(word: str) -> object:
    found = _COUNT.fullmatch(word)
    if not found:
        return word
    try:
        return _whole(float(re.sub("[,_]", "", found[1])) * _SCALES[found[2].lower()])
    except ValueError:
        return word


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _origins(values: Mapping[str, Any], given: object, origin: Origin) -> dict[str, Origin]:
    known = given if isinstance(given, Mapping) else {}
    allowed_origins = ("asked", "flag", "file", "detected", "described")
    return {name: known[name] if known.get(name) in allowed_origins else origin for name in values if name != "id"}


def read_wording(given: object) -> tuple[dict[str, int], str | None]:
    """Return the points by label that a description's wording gave, and what was wrong with them, or None.

    Args:
        given: Points by label, or ``rag:5,finetune:lora:-3`` as on a command line; no more than ``MOST`` each.
    """
    if given is None:
        return {}, None
    pairs = list(given.items()) if isinstance(given, Mapping) else _worded_pairs(str(given))
    points = {str(name): value for name, value in pairs if name in RULE_NAMES and _are_points(value)}
    problem = None if len(points) == len(pairs) else say("advice.wrong_wording", value=given, most=MOST)
    return points, problem


def wording_word(wording: Mapping[str, int]) -> str:
    """Return the points by label as one word for a command line."""
    return ",".join(f"{label}:{points}" for label, points in wording.items())


def _worded_pairs(word: str) -> list[tuple[str, object]]:
    parts = [part.strip().rpartition(":") for part in word.split(",")]
    return [(label, int(points) if points.lstrip("-").isdigit() else points) for label, _, points in parts]


def _are_points(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and -MOST <= value <= MOST
