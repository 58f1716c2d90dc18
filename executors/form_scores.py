"""Score what holding answers to a form buys: are they JSON, do they keep the form, are the fields of JSON right."""

from collections.abc import Mapping, Sequence

from ..knowledge.json_value import JsonValue
from .constraint import Constraint, JsonShape
from .intervals import Interval, interval
from .json_schema import read_json, read_object
from .stated import normalised

Scores = dict[str, list[float]]

MOST_FIELDS = 20
"""More fields than this are no table that anyone reads."""


def wanted_objects(targets: Sequence[str]) -> list[Mapping[str, JsonValue]]:
    """Return what the right answers say; empty where one of them is no JSON object."""
    found = [read_object(target) for target in targets]
    return [each for each in found if each is not None] if None not in found else []


def form_scores(answers: Sequence[str], form: Constraint | None, are_json: bool) -> Scores:
    """Return, by metric, 1.0 or 0.0 for each answer: is it JSON, and does it keep the form.

    Args:
        answers: What was written, whether it was held to the form or not.
        form: What an answer must be; None if nothing is known.
        are_json: Whether the right answers are JSON.

    Raises:
        UserError: The form is a JSON Schema that cannot be applied.
    """
    scores: Scores = {}
    if are_json or isinstance(form, JsonShape):
        scores["valid_json"] = [float(read_json(answer) is not None) for answer in answers]
    if form is not None:
        name = "keeps_schema" if isinstance(form, JsonShape) else "allowed_answer"
        scores[name] = [float(form.holds(answer)) for answer in answers]
    return scores


def object_scores(answers: Sequence[str], objects: Sequence[Mapping[str, JsonValue]]) -> Scores:
    """Return, by metric, a score from 0 to 1 for each answer that should be a JSON object.

    ``json_fields`` is the share of fields that are right among those that the answer or the right one has, so that
    fields which nobody wanted count against it. ``json_whole`` is whether all are.

    Args:
        answers: What was written; what is no JSON object has no fields.
        objects: What is right, one for each answer; empty where answers are something else.
    """
    if not objects:
        return {}
    shares = [_share(read_object(answer) or {}, right) for answer, right in zip(answers, objects, strict=True)]
    return {"json_fields": shares, "json_whole": [float(share == 1) for share in shares]}


def field_intervals(
    answers: Sequence[str], objects: Sequence[Mapping[str, JsonValue]], groups: Sequence[str], seed: int
) -> dict[str, Interval]:
    """Return how often each field is right among the rows that have it, with its interval; the most frequent fields.

    Args:
        answers: What was written.
        objects: What is right, one for each answer; empty where answers are something else.
        groups: What each row is about, as for ``interval``.
        seed: Makes the intervals repeatable.
    """
    counts: dict[str, int] = {}
    for right in objects:
        for name in right:
            counts[name] = counts.get(name, 0) + 1
    found = [read_object(answer) or {} for answer in answers]
    intervals = {}
    for name in sorted(counts, key=lambda name: -counts[name])[:MOST_FIELDS]:
        places = [place for place, right in enumerate(objects) if name in right]
        scores = [float(_has(found[place], name, objects[place])) for place in places]
        intervals[name] = interval(scores, seed, [groups[place] for place in places])
    return intervals


def _share(found: Mapping[str, JsonValue], right: Mapping[str, JsonValue]) -> float:
    names = {*found, *right}
    return sum(_has(found, name, right) for name in names) / len(names) if names else 1.0


def _has(found: Mapping[str, JsonValue], name: str, right: Mapping[str, JsonValue]) -> bool:
    return name in found and name in right and _same(found[name], right[name])


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are the same; texts are compared as those of other answers are."""
    if isinstance(one, str) and isinstance(other, str):
        return normalised(one) == normalised(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return isinstance(one, bool) == isinstance(other, bool) and one == other  # for Python True is 1
