"""Turn a profile into a recommendation: judge the rules, weigh them, and say what follows and why."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from ..knowledge.rule import Rule
from .article_notes import article_notes
from .base import base_of
from .certainty import certain
from .flipping import flips
from .labels import names_of
from .losing import lost
from .near_cases import near_cases
from .next_step import next_step_of
from .pilot_cost import pilot_cost
from .profile import Profile
from .recommendation import Assumed, NextStep, Ranked, Reason, Recommendation, Rejected
from .reviewing import reviews
from .rules import Verdict, judge
from .sentences import sentence
from .training_estimate import estimate_training
from .weighing import Weighed, weigh
from .whatif import OpenQuestion, Situation, open_questions
from .wiring import WORDING, facts_of


def recommend(profile: Profile, brief: bool = False) -> Recommendation:
    """Return the advice for a profile.

    Args:
        profile: What is known; unknown answers stay unknown.
        brief: Leave out the estimate and what other answers would change.
    """
    facts = facts_of(profile)
    verdicts = judge(facts)
    weighed = weigh(verdicts, facts[WORDING])
    label = weighed.label()
    situation = Situation(facts, verdicts, label)
    questions = open_questions(situation)
    certainty, because = certain(weighed, questions)
    base = base_of(label, facts)
    model, estimate = (None, None) if brief else estimate_training(label, base, facts)
    runner_up = next((weighed.best(path) for path in weighed.paths()[1:]), None)
    step = next_step_of(label, certainty, runner_up, situation)
    changes = () if brief else tuple(flips(situation))
    assumed = tuple(_assumed(question) for question in questions)
    return Recommendation(
        id=profile.id,
        label=label,
        base=base,
        certainty=certainty,
        certain_because=because,
        reasons=tuple(_reasons(weighed, label, facts)),
        rejected=tuple(_rejected(weighed, label, facts)),
        flips=changes,
        assumed=assumed,
        ask_next=questions[0].field if questions else None,
        model=model,
        estimate=estimate,
        next_step=step if brief else _with_cost(step, label, model, estimate, facts),
        ranked=tuple(Ranked(label=weighed.best(path), points=weighed.points(path)) for path in weighed.paths()),
        cases=() if brief else near_cases(label, facts),
        review=tuple(reviews(changes, assumed)),
        article=() if brief else article_notes(facts),
        problems=profile.problems,
    )


def trace(profile: Profile) -> tuple[Verdict, ...]:
    """Return the verdict of every rule on a profile, for people who want to see all of them."""
    return judge(facts_of(profile))


def _assumed(question: OpenQuestion) -> Assumed:
    asked = load(Question)[question.field]
    labels = say("advice.semicolon").join(title_of(label) for label in dict.fromkeys(question.labels))
    if question.unusual:
        usual = next((option.label for option in asked.option if option.value == asked.usual), asked.usual)
        text = say("advice.assumed_usual", name=asked.name, usual=usual, labels=labels)
    else:
        text = say("advice.left_open", name=asked.name, labels=labels)
    return Assumed(field=question.field, text=text)


def _reasons(weighed: Weighed, label: str, facts: Mapping[str, Any]) -> Iterator[Reason]:
    told: set[str] = set()
    for name in names_of(label):
        for weight, rule in sorted(weighed.standings[name].speaking, key=_by_what_was_said):
            if weight > 0 and rule.id not in told:
                told.add(rule.id)
                yield Reason(rule=rule.id, text=sentence(rule, facts), evidence=rule.evidence)


def _by_what_was_said(speaking: tuple[int, Rule]) -> tuple[bool, int]:
    """Order reasons by their weight, what only the wording says last."""
    weight, rule = speaking
    return any(effect.by_wording for effect in rule.effect), -weight


def _rejected(weighed: Weighed, label: str, facts: Mapping[str, Any]) -> Iterator[Rejected]:
    for other, rule, how in lost(weighed, label):
        text = sentence(rule, facts)
        if how != "against":
            text = say(f"explanation.lost.{how}", winner=title_of(label.partition(":")[0]), reason=text)
        yield Rejected(label=other, rule=rule.id, text=text)


def _with_cost(
    step: NextStep, label: str, model: str | None, estimate: dict[str, Any] | None, facts: Mapping[str, Any]
) -> NextStep:
    cost = pilot_cost(label, model, estimate, facts, step.rows)
    return step.model_copy(update={"cost": cost})
