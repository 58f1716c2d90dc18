"""Judge answers: is the house form kept, and is each field right."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..knowledge.messages import say
from .stated import found_value, normalised

CHINESE = "\\u3400-\\u9fff"
ARTICLES = {"a", "an", "the"}


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
            raise ValueError(say("evaluation.values_or_pattern"))
        return self


def regular(pattern: str) -> str:
    """Return a regular expression that compiles.

    Raises:
        ValueError: It does not compile.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(say("evaluation.no_expression", pattern=pattern, problem=error)) from error
    return pattern


def keeps_format(answer: str, pattern: str) -> bool:
    """Tell whether an answer as a whole has the wanted form."""
    return re.fullmatch(pattern, answer.strip(), re.DOTALL) is not None


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
        scores[field.name] = [float(is_right(answer, row[field.name], pattern, field)) for answer, row in pairs]
    if len(fields) > 1:
        scores["all"] = [min(row) for row in zip(*scores.values(), strict=True)]
    if pattern:
        scores["format"] = [float(keeps_format(answer, pattern)) for answer in answers]
    return scores


def judge_text(answers: Sequence[str], targets: Sequence[str]) -> dict[str, list[float]]:
    """Return, by metric, a score from 0 to 1 for each free answer: ``exact``, ``f1`` and ``rouge_l``.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1, and its script (exact match, and F1 over shared
    words); Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3.1, with equal weights.
    """
    pairs = [(compared_words(answer), compared_words(target)) for answer, target in zip(answers, targets, strict=True)]
    texts = [(words(answer), words(target)) for answer, target in zip(answers, targets, strict=True)]
    return {
        "exact": [float(answer == target) for answer, target in pairs],
        "f1": [_overlap(answer, target) for answer, target in pairs],
        "rouge_l": [_longest_common(answer, target) for answer, target in texts],
    }


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; Chinese characters count as words."""
    return re.findall(rf"[{CHINESE}]|[^\W_{CHINESE}]+", text.casefold())


def compared_words(text: str) -> list[str]:
    """Return what SQuAD compares of a text: its words in lower case, without punctuation and English articles.

    Punctuation does not divide words: ``3.5`` is one. Chinese characters are words, and in texts with any of them
    ``a`` is no article. A text that is nothing but articles and marks keeps them: ``A`` may be the right choice.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250, its evaluation script; for Chinese and for other marks than
        ASCII's, Lewis et al. 2020, arXiv 1910.07475, its evaluation script.
    """
    plain = "".join(map(_without_mark, text.lower()))
    if re.search(f"[{CHINESE}]", plain):
        return re.findall(rf"[{CHINESE}]|[^\s{CHINESE}]+", plain)
    found = plain.split()
    return [word for word in found if word not in ARTICLES] or found or text.lower().split()


def _without_mark(character: str) -> str:
    if character not in string.punctuation and not unicodedata.category(character).startswith("P"):
        return character
    return " " if character >= "\u3000" else ""  # beside full-width marks no spaces are written


def _overlap(answer: list[str], target: list[str]) -> float:
    shared = (Counter(answer) & Counter(target)).total()
    return 2 * shared / (len(answer) + len(target)) if shared else 0.0


def _longest_common(answer: Sequence[str], target: Sequence[str]) -> float:
    common = [0] * (len(target) + 1)
    for word in answer:
        before = 0
        for place, other in enumerate(target, 1):
            longest = before + 1 if word == other else max(common[place], common[place - 1])
            before, common[place] = common[place], longest
    return 2 * common[-1] / (len(answer) + len(target)) if common[-1] else 0.0


def is_right(answer: str, expected: str, pattern: str | None, field: FieldOptions) -> bool:
    """Tell whether an answer states the right value of a field; see ``found_value`` for what states it."""
    found = found_value(answer, pattern, field.values, field.pattern, field.name)
    return found is not None and normalised(found) == normalised(expected)


def confusion(
    answers: Sequence[str], expected: Sequence[Mapping[str, str]], pattern: str | None, field: FieldOptions
) -> dict[str, dict[str, int]]:
    """Count found values by right value; what is not one of the field's values counts as ``-``."""
    values = field.values or ()
    table = {right: dict.fromkeys([*values, "-"], 0) for right in values}
    for answer, row in zip(answers, expected, strict=True):
        found = found_value(answer, pattern, field.values, field.pattern, field.name)
        table[row[field.name]][found if found in values else "-"] += 1
    return table
