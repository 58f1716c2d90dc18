"""A small learned reader for what the lexicons are silent on; why it is there says decision record 0014.

One logistic regression per answer, over the cues of the text and of each of its sentences. Its weights are a file of
whole numbers in ``knowledge/reading/``, written by ``tests/benchmarks/train_reader.py``.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ...knowledge.load import KNOWLEDGE
from ...knowledge.task import find_family
from ...knowledge.text import is_chinese
from .cues import cues, sentences
from .elsewhere import without_others
from .finding import Finding
from .linear import FEWEST, log_odds, probability
from .plain_text import clauses, plain_text

PLAIN = 0.6
"""Where examples are said to exist without a number, an amount is supposed only if it is clearly likelier than not."""
WEIGHT = 0.5
"""What is supposed weighs as little as a hint."""
EXAMPLES = "labelled_examples"
#: What vague amounts stand for; one that nobody told is no answer. A corpus is text to learn a language from.
AMOUNTS: Mapping[str, Mapping[str, int | None]] = {
    EXAMPLES: {"none": 0, "few": 30, "some": 300, "many": 5000, "uncounted": None},
    "knowledge_tokens": {"corpus": 2_000_000_000},
}
TRUTH: Mapping[str, bool] = {"true": True, "false": False}


class Likely(NamedTuple):
    """What a field's answer probably is, and the sentence that tells it most.

    Attributes:
        answer: As it is named in the weights.
        probability: From 0 to 1.
        start: Where the sentence begins in the text.
        end: Where it ends.
    """

    answer: str
    probability: float
    start: int
    end: int


class Weights(NamedTuple):
    """Weights of one language.

    Attributes:
        unit: What a weight of 1 stands for.
        least: For each field the probability from which on it is filled.
        surer: For some fields the probability from which on the reader is believed where the lexicons say otherwise.
        answers: Field and answer of each regression.
        constants: Of each regression.
        cues: For each cue pairs of a regression's place and its weight, one after the other.
    """

    unit: float
    least: Mapping[str, float]
    surer: Mapping[str, float]
    answers: list[tuple[str, str]]
    constants: list[int]
    cues: Mapping[str, list[int]]


def supposed(text: str, chosen: Mapping[str, Finding]) -> Iterator[Finding]:
    """Yield probable answers to the fields that are not known yet, or doubtful, marked as not exact.

    Args:
        text: The description as it was written.
        chosen: What the lexicons found for each field.
    """
    weights = read_weights("zh" if is_chinese(text) else "en")
    known = {field for field, one in chosen.items() if one.value is not None}
    open_fields = [field for field in weights.least if field not in known or field in weights.surer]
    if not open_fields or len(cues(text)) < FEWEST:
        return
    found = likely(text, weights)
    plain = plain_text(text)
    own = without_others(plain)
    for field in open_fields:
        one = found[field]
        value = answer_of(field, one.answer)
        if field in known:
            least = 1.0 if _agree(field, value, chosen[field].value) else weights.surer[field]
        else:
            least = max(weights.least[field], PLAIN if field in chosen else 0)
        if one.probability < least or value is None:
            continue
        start, end = _clause(text, one, weights.answers.index((field, one.answer)), weights)
        if field != EXAMPLES or own[start:end] == plain[start:end]:  # else they are another's, or lost
            yield Finding(field, value, start, end, WEIGHT, exact=False)


def likely(text: str, weights: Weights) -> dict[str, Likely]:
    """Return every field's likeliest answer, by the mean of the whole text's probability and its best sentence's."""
    places = sentences(text) or [(0, len(text))]
    whole = _probabilities(text, weights)
    parts = whole if len(places) == 1 else None
    each = [parts or _probabilities(text[start:end], weights) for start, end in places]
    found: dict[str, Likely] = {}
    for place, (field, answer) in enumerate(weights.answers):
        top = max(range(len(places)), key=lambda index: each[index][place])
        probability = (whole[place] + each[top][place]) / 2
        if field not in found or probability > found[field].probability:
            found[field] = Likely(answer, probability, *places[top])
    return found


def _agree(field: str, supposed: object, said: object) -> bool:
    """Tell whether two answers are one; tasks are by their family."""
    if field != "task_type":
        return supposed == said
    return find_family(str(supposed)) == find_family(str(said))


def _clause(text: str, one: Likely, place: int, weights: Weights) -> tuple[int, int]:
    """Return where the clause of the sentence begins and ends that tells an answer most."""
    plain = plain_text(text)[one.start : one.end]
    parts = [(one.start + start, one.start + end) for start, end in clauses(plain)] or [(one.start, one.end)]
    return max(parts, key=lambda part: _probabilities(text[slice(*part)], weights)[place])


@cache
def read_weights(language: str) -> Weights:
    """Return the weights of a language, ``zh`` or ``en``."""
    path = KNOWLEDGE / "reading" / f"{language}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    answers = [(field, answer) for field, answer in content.pop("answers")]
    return Weights(answers=answers, **content)


def _probabilities(text: str, weights: Weights) -> list[float]:
    return [probability(odds) for odds in log_odds(cues(text), weights.unit, weights.constants, weights.cues)]


def answer_of(field: str, name: str) -> Any:  # noqa: ANN401 - any field's value
    """Return the answer that a name in the weights stands for."""
    amounts = AMOUNTS.get(field)
    return amounts[name] if amounts else TRUTH.get(name, name)
