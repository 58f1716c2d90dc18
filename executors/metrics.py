"""Judge answers: is the house form kept, is each field right, and how sure are we of it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

RESAMPLES = 10_000


class FieldOptions(BaseModel):
    """Name one piece of an answer that can be right or wrong.

    Attributes:
        name: The named group of the format, and the key of a row's ``expected``.
        values: All values that it can take; None if they cannot be listed.
        pattern: What a value looks like where values cannot be listed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="named group of the format, and key of a row's expected")
    values: tuple[str, ...] | None = Field(None, description="all values it can take; null if they cannot be listed")
    pattern: str | None = Field(None, description="regular expression of a value where values are not listed")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else regular(pattern)

    @model_validator(mode="after")
    def _can_be_found(self) -> "FieldOptions":
        if self.values is None and self.pattern is None:
            raise ValueError("needs values or a pattern")
        return self


class Interval(TypedDict):
    """Hold a figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def regular(pattern: str) -> str:
    """Return a regular expression that compiles.

    Raises:
        ValueError: It does not compile.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


def keeps_format(answer: str, pattern: str) -> bool:
    """Tell whether an answer as a whole has the wanted form."""
    return re.fullmatch(pattern, answer.strip(), re.DOTALL) is not None


def found_value(answer: str, pattern: str | None, field: FieldOptions) -> str | None:
    """Return the value that an answer gives to a field, or None if it gives none or several.

    Args:
        answer: What the model wrote.
        pattern: The wanted form with named groups; None if there is none.
        field: What to look for. In an answer without the form, the only value that occurs in it counts.
    """
    form = re.fullmatch(pattern, answer.strip(), re.DOTALL) if pattern else None
    if form is not None and field.name in form.groupdict():
        return form[field.name]
    candidates = _occurring(answer, field)
    return candidates.pop() if len(candidates) == 1 else None


def _occurring(answer: str, field: FieldOptions) -> set[str]:
    if field.values is None:
        return {match[0] for match in re.finditer(field.pattern or "", answer)}
    # the longest first, so that a value inside another is not seen where only the other stands
    either = "|".join(re.escape(value) for value in sorted(field.values, key=len, reverse=True))
    return set(re.findall(either, answer))


def judge(
    answers: Sequence[str], expected: Sequence[Mapping[str, str]], pattern: str | None, fields: Sequence[FieldOptions]
) -> dict[str, list[float]]:
    """Return, by metric, 1.0 or 0.0 for each answer.

    The metrics are one per field, ``all`` (every field right) where there are several, and ``format`` where there is
    a pattern.
    """
    scores: dict[str, list[float]] = {}
    for field in fields:
        pairs = zip(answers, expected, strict=True)
        scores[field.name] = [float(found_value(answer, pattern, field) == row[field.name]) for answer, row in pairs]
    if len(fields) > 1:
        scores["all"] = [min(row) for row in zip(*scores.values(), strict=True)]
    if pattern:
        scores["format"] = [float(keeps_format(answer, pattern)) for answer in answers]
    return scores


def judge_text(answers: Sequence[str], targets: Sequence[str]) -> dict[str, list[float]]:
    """Return, by metric, a score from 0 to 1 for each free answer: ``exact`` and ``f1`` against the row's answer.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1 (F1 over shared words; here Chinese characters count
    as words).
    """
    pairs = [(_words(answer), _words(target)) for answer, target in zip(answers, targets, strict=True)]
    return {
        "exact": [float(answer == target) for answer, target in pairs],
        "f1": [_overlap(answer, target) for answer, target in pairs],
    }


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", text.casefold())


def _overlap(answer: list[str], target: list[str]) -> float:
    shared = (Counter(answer) & Counter(target)).total()
    return 2 * shared / (len(answer) + len(target)) if shared else 0.0


def confusion(
    answers: Sequence[str], expected: Sequence[Mapping[str, str]], pattern: str | None, field: FieldOptions
) -> dict[str, dict[str, int]]:
    """Count found values by right value; what is not one of the field's values counts as ``-``."""
    values = field.values or ()
    table = {right: dict.fromkeys([*values, "-"], 0) for right in values}
    for answer, row in zip(answers, expected, strict=True):
        found = found_value(answer, pattern, field)
        table[row[field.name]][found if found in values else "-"] += 1
    return table


def interval(
    scores: Sequence[float], seed: int, groups: Sequence[str] | None = None, resamples: int = RESAMPLES
) -> Interval:
    """Return the mean with its 95 % bootstrap interval.

    Args:
        scores: One per row, at least one.
        seed: Makes the interval repeatable.
        groups: What each row is about; rows about the same thing tend to be right or wrong together. The interval is
            then the wider of two: rows drawn one by one, and groups drawn as wholes.
        resamples: How many samples are drawn.

    Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", section 2; percentile interval. Groups:
        Field and Welsh 2007, "Bootstrapping clustered data".
    """
    rows = _percentiles(scores, [str(row) for row in range(len(scores))], seed, resamples)
    wholes = rows if groups is None else _percentiles(scores, groups, seed, resamples)
    mean = sum(scores) / len(scores)
    return Interval(value=mean, low=min(rows[0], wholes[0]), high=max(rows[1], wholes[1]))


def difference(
    ours: Sequence[float],
    other: Sequence[float],
    seed: int,
    groups: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return how much better the first is, with a paired 95 % bootstrap interval: both on the same drawn rows."""
    return interval([mine - theirs for mine, theirs in zip(ours, other, strict=True)], seed, groups, resamples)


def _percentiles(scores: Sequence[float], groups: Sequence[str], seed: int, resamples: int) -> tuple[float, float]:
    import numpy

    members = numpy.unique(numpy.asarray(groups), return_inverse=True)[1]
    sums, sizes = numpy.bincount(members, weights=scores), numpy.bincount(members)
    chance, count = numpy.random.default_rng(seed), len(sums)
    part = max(1, 4_000_000 // count)  # bounds the memory of the drawn groups to 32 MB
    means = []
    for start in range(0, resamples, part):
        drawn = chance.integers(count, size=(min(part, resamples - start), count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = numpy.percentile(numpy.concatenate(means), [2.5, 97.5])
    return float(low), float(high)
