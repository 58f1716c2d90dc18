"""What other answers would change, and the unknown ones that could still decide."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..knowledge.load import load
from ..knowledge.question import Question
from .profile import Profile
from .rules import Verdict, fields_of, holds, judge, judge_again
from .weighing import weigh
from .wiring import WORDING, facts_if, facts_of


class Situation(NamedTuple):
    """Hold what is known and what follows from it, as the point to vary from."""

    facts: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    label: str

    def label_if(self, field: str, value: object) -> str:
        """Return the label if one answer were another."""
        verdicts = judge_again(self.verdicts, facts_if(self.facts, field, value), field)
        return self.label if verdicts is self.verdicts else weigh(verdicts, self.facts[WORDING]).label()

    def tried(self, field: str) -> Iterator[tuple[Any, str]]:
        """Yield the other answers to a question with the label that each leads to, the nearest answer first."""
        known = self.facts[field]
        values = [option.value for option in load(Question)[field].option if option.value not in (known, "unknown")]
        for value in sorted(values, key=lambda value: _distance(field, known, value)):
            yield value, self.label_if(field, value)

    def is_unknown(self, field: str) -> bool:
        """Tell whether nobody knows the answer, be it unsaid or said to be unknown."""
        return self.facts[field] in (None, "unknown")

    def can_ask(self, field: str) -> bool:
        """Tell whether an answer is unknown and its question makes sense in this case."""
        conditions = load(Question)[field].when
        return self.is_unknown(field) and all(holds(one, self.facts) is not False for one in conditions)


def situation_of(profile: Profile) -> Situation:
    """Return what follows from a profile."""
    facts = facts_of(profile)
    verdicts = judge(facts)
    return Situation(facts, verdicts, weigh(verdicts, facts[WORDING]).label())


class OpenQuestion(NamedTuple):
    """An unknown answer that could change the recommendation.

    Attributes:
        labels: The recommendation for each answer that changes it.
        changes_path: At least one answer changes the path, not only the method.
        unusual: Only an unusual answer changes anything.
    """

    field: str
    labels: tuple[str, ...]
    changes_path: bool
    unusual: bool


def open_questions(situation: Situation) -> list[OpenQuestion]:
    """Return the unknown answers that could change the label, the most decisive first."""
    pending = [verdict.rule.id for verdict in situation.verdicts if verdict.fires is None]
    fields = {field for rule in pending for field in fields_of(rule)}
    unknown = [field for field in ask_order() if field in fields and situation.can_ask(field)]
    found = [_open(situation, field) for field in unknown]
    return sorted((item for item in found if item.labels), key=lambda item: _decisiveness(situation.label, item))


def _open(situation: Situation, field: str) -> OpenQuestion:
    labels = tuple(other for _, other in situation.tried(field) if other != situation.label)
    changes_path = any(_path(other) != _path(situation.label) for other in labels)
    return OpenQuestion(field, labels, changes_path, load(Question)[field].usual is not None)


def _decisiveness(label: str, question: OpenQuestion) -> tuple[bool, float]:
    weight = sum(1.0 if _path(other) != _path(label) else 0.1 for other in question.labels)
    return question.unusual, -weight


@cache
def ask_order() -> tuple[str, ...]:
    """Return the fields that are asked for, in the order of the questionnaire."""
    return tuple(question.id for question in sorted(load(Question).values(), key=lambda question: question.order))


def _distance(field: str, known: Any, value: Any) -> float:  # noqa: ANN401
    if isinstance(known, int | float) and isinstance(value, int | float):
        return abs(known - value)
    order = [option.value for option in load(Question)[field].option]
    return abs(order.index(known) - order.index(value)) if known in order else 0


def _path(label: str) -> str:
    return label.partition(":")[0]
