"""The published cases most like a profile: what they have in common with it, what not, and which way they went."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..knowledge.case import PublishedCase
from ..knowledge.load import load
from ..knowledge.question import Question
from . import facts
from .profile import FIELDS
from .recommendation import NearCase

SHOWN = 3
#: Cases of another kind of task are of little use, so the task counts as much as several other answers.
TASK_COUNTS = 4
#: What an answer counts that only one of the two gives: neither alike nor different.
UNKNOWN = 0.5
ALIKE, DIFFERENT = 0.25, 0.5
#: Answers compared by the fact that says more than the word: any name of a task by its family, and so on.
BY_FACT = {
    "task_type": "family",
    "base_model_params_b": "base_size_b",
    "failure_mode": "failure",
}
#: Choices whose options stand in an order; the others are the same or not.
ORDERED = frozenset(
    {"knowledge_volatility", "style_need", "format_need", "latency", "budget", "volume", "label_quality"}
)
NOT_COMPARED = frozenset({"base_model"})


def near_cases(label: str, known: Mapping[str, Any]) -> tuple[NearCase, ...]:
    """Return the nearest published cases, nearest first, one that went another way among them if there is any.

    Args:
        label: What is recommended.
        known: The facts of the profile.
    """
    own = _compared(known)
    found = sorted((_near(case_id, label, own, other) for case_id, other in _known().items()), key=_place)
    nearest = found[:SHOWN]
    if nearest and all(case.agrees for case in nearest):
        nearest[-1:] = [case for case in found if not case.agrees][:1] or nearest[-1:]
    return tuple(nearest)


def _place(case: NearCase) -> tuple[float, str]:
    return case.distance, case.id


def _near(case_id: str, label: str, own: Mapping[str, Any], other: Mapping[str, Any]) -> NearCase:
    """Compare two cases field by field.

    Source: Gower, A General Coefficient of Similarity and Some of Its Properties, Biometrics 27 (1971), section 2.
    """
    case = load(PublishedCase)[case_id]
    alike, differs, total, weight = [], [], 0.0, 0
    for field in FIELDS:
        mine, theirs = own.get(field), other.get(field)
        if mine is None and theirs is None:
            continue
        counts = TASK_COUNTS if field == "task_type" else 1
        apart = UNKNOWN if mine is None or theirs is None else _apart(field, mine, theirs)
        total, weight = total + counts * apart, weight + counts
        if mine is not None and theirs is not None:
            alike += [field] if apart <= ALIKE else []
            differs += [field] if apart >= DIFFERENT else []
    return NearCase(
        id=case_id,
        title=str(case.title),
        label=case.chose,
        agrees=(_path(case.chose) == _path(label)) == case.worked,
        worked=case.worked,
        alike=tuple(alike),
        differs=tuple(differs),
        distance=round(total / weight, 3) if weight else 1.0,
        evidence=case.evidence,
    )


def _apart(field: str, mine: Any, theirs: Any) -> float:  # noqa: ANN401 - any field's value
    """Return how far two answers are apart, 0 to 1: sizes by their logarithm, ordered choices by place.

    Two languages that models serve equally well are half apart.
    """
    if _is_size(mine) and _is_size(theirs):
        return min(1.0, abs(math.log10(1 + mine) - math.log10(1 + theirs)) / _span(field))
    if field == "language" and mine != theirs:
        return UNKNOWN if facts.language_group(mine) == facts.language_group(theirs) else 1.0
    order = _order(field)
    if mine in order and theirs in order:
        return abs(order.index(mine) - order.index(theirs)) / (len(order) - 1)
    return float(mine != theirs)


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _span(field: str) -> float:
    """Return the range of a size: that of the answers that its question offers."""
    sizes = [math.log10(1 + float(option.value)) for option in load(Question)[field].option]
    return max(sizes) - min(sizes)


@cache
def _order(field: str) -> tuple[Any, ...]:
    return tuple(option.value for option in load(Question)[field].option) if field in ORDERED else ()


@cache
def _known() -> Mapping[str, Mapping[str, Any]]:
    return {case.id: _stated(case.answers) for case in load(PublishedCase).values()}


def _stated(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a case states, as ``_compared`` has it, without working out all of its facts, which takes longer."""
    stated = {field: value for field, value in answers.items() if field not in NOT_COMPARED}
    if "task_type" in stated:
        stated["task_type"] = facts.family(stated["task_type"], stated.get("modality"))
    return stated


def _compared(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field: value
        for field in FIELDS
        if field not in NOT_COMPARED and (value := known[BY_FACT.get(field, field)]) is not None
    }


def _path(label: str) -> str:
    return label.partition(":")[0]
