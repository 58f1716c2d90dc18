"""What the recommendation could become: the open answers drawn as they usually are, and the label for each draw.

Unknown answers are sets of possible ones. Drawing from the sets shows which labels are left and how likely each is, and
which answer would tell most about the label: the question to ask next.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import log
from typing import Any, NamedTuple

from ..knowledge.load import load
from ..knowledge.prior import prior_of
from ..knowledge.question import Question
from .profile import Profile
from .rules import Verdict, all_rules, firing, holds, places_of
from .weighing import Wording, weigh
from .whatif import ask_order
from .wiring import WORDING, facts_of, facts_with

DRAWS = 200
"""So many that a share of one in twenty is known to within three in a hundred."""


class Prospects(NamedTuple):
    """Hold the labels that are possible.

    Attributes:
        label: The recommendation on what is known.
        labels: The recommendation in each draw.
        drawn: For each open field, its answer in each draw.
    """

    label: str
    labels: Sequence[str]
    drawn: Mapping[str, Sequence[Any]]

    def shares(self) -> dict[str, float]:
        """Return the share of draws that lead to each label, the largest first."""
        return {label: count / len(self.labels) for label, count in Counter(self.labels).most_common()}

    def change_share(self) -> float:
        """Return how likely the open answers change the recommendation, from 0 to 1."""
        return 1 - self.shares().get(self.label, 0)

    def best_question(self) -> str | None:
        """Return the field whose answer tells most about the label, or None when none tells anything."""
        gains = {field: information(answers, self.labels) for field, answers in self.drawn.items()}
        best = max(gains, key=lambda field: gains[field], default=None)
        return best if len(set(self.labels)) > 1 else None


def prospects_of(profile: Profile, asked: Collection[str] = (), draws: int = DRAWS) -> Prospects:
    """Return what a profile's recommendation could become.

    What is so in nearly every case is taken to be so. The draws are the same each time.

    Args:
        profile: What is known.
        asked: Fields that were asked, so that an unknown one among them stays unknown.
        draws: How many combinations of open answers to look at.
    """
    facts = facts_of(profile)
    fields = tuple(name for name in open_fields(facts) if name not in asked)
    label = label_of(firing(range(len(all_rules())), facts), facts[WORDING])
    places = sorted({place for field in fields for place in places_of(field)})
    settled = firing(set(range(len(all_rules()))) - set(places), facts)
    drawn = {field: _drawn(field, draws) for field in fields}
    labels = []
    for answers in zip(*drawn.values(), strict=True):
        what_if = _if_answered(facts, dict(zip(fields, answers, strict=True)))
        labels.append(label_of((*settled, *firing(places, what_if)), facts[WORDING]))
    return Prospects(label, labels or [label] * draws, drawn)


def open_fields(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that nobody has answered and that have no usual answer, if their questions make sense."""
    as_usual = {field: question.usual for field, question in load(Question).items() if question.usual is not None}
    likely = facts_with(facts, {field: usual for field, usual in as_usual.items() if facts[field] is None})
    for field in ask_order():
        question = load(Question)[field]
        is_open = facts[field] in (None, "unknown") and field not in as_usual and question.option
        if is_open and makes_sense(question, likely):
            yield field


def makes_sense(question: Question, facts: Mapping[str, Any]) -> bool:
    """Tell whether a question makes sense in some case, or may make sense as far as is known."""
    return all(holds(condition, facts) is not False for condition in question.when)


@cache
def _drawn(field: str, draws: int) -> Sequence[Any]:
    """Return answers to a question in random order, each as often as its prior says.

    Source: McKay, Beckman, Conover, A comparison of three methods for selecting values of input variables,
    Technometrics 21 (1979): Latin hypercube sampling.
    """
    prior = prior_of(field)
    answers, ends, end = list(prior), [], 0.0
    for share in prior.values():
        end += share
        ends.append(end * draws)
    column, place = [], 0
    for number in range(draws):
        while place < len(answers) - 1 and number + 0.5 >= ends[place]:
            place += 1
        column.append(answers[place])
    random.Random(field).shuffle(column)
    return column


def _if_answered(facts: Mapping[str, Any], answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the facts with some answers, without those to questions that the other answers make senseless."""
    found = facts_with(facts, answers)
    senseless = [field for field in answers if not makes_sense(load(Question)[field], found)]
    return facts_with(facts, {**answers, **dict.fromkeys(senseless)}) if senseless else found


@lru_cache(maxsize=100_000)
def _label_of(fired: tuple[int, ...], wording: Wording | None) -> str:
    return weigh((Verdict(all_rules()[place], True) for place in fired), wording).label()


def label_of(fired: Iterable[int], wording: Wording | None = None) -> str:
    """Return the label when the rules at some places, and no others, fire."""
    return _label_of(tuple(sorted(fired)), wording)


def information(answers: Sequence[Any], labels: Sequence[str]) -> float:
    """Return how much an answer tells about the label on average, in nats.

    Few draws make any answer seem to tell something; that is taken off.

    Source: Shannon 1948 (mutual information); Miller, Note on the bias of information estimates (1955).
    """
    together: dict[Any, Counter[str]] = {}
    for answer, label in zip(answers, labels, strict=True):
        together.setdefault(answer, Counter())[label] += 1
    overall, draws = Counter(labels), len(labels)
    left = sum(counts.total() / draws * _entropy(counts) for counts in together.values())
    cells = sum(len(counts) - 1 for counts in together.values()) - (len(overall) - 1)
    return _entropy(overall) - left - cells / (2 * draws)


def _entropy(counts: Counter[str]) -> float:
    total = counts.total()
    return -sum(count / total * log(count / total) for count in counts.values())
