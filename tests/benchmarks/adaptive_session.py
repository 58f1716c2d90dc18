"""How often the session gives the advice of the full questionnaire, and with how many questions.

``FTADVISOR_DATA=... python tests/benchmarks/adaptive_session.py [COUNT]`` draws profiles twice: each answer as often
as the golden cases give it (not known included), and each option of each question equally often. Somebody with that
profile answers what the session asks, and all questions. The bars are the same advice in 95 of 100 and at most 7
questions in the median. ``--priors`` prints how often the cases of ``knowledge/cases`` state each answer, as in
``knowledge/priors``: other counts than those that the golden cases are drawn by.
"""

import json
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.checking import answers_to
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.prospects import makes_sense
from ftadvisor.advisor.session import CHECK, Session, next_question, statements
from ftadvisor.advisor.whatif import ask_order, situation_of
from ftadvisor.advisor.wiring import facts_of
from ftadvisor.knowledge.case import PublishedCase
from ftadvisor.knowledge.language import group_of
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.prior import OPEN, written
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.task import find_family

COUNT = 1000
USUALLY = 0.9
"""Share of the usual answer to a question that no published case answers."""

Draw = Callable[[random.Random], Profile]


class Outcome(NamedTuple):
    """What came of one profile: whether the advice is that of all answers, the questions asked, the longest wait."""

    agrees: bool
    questions: int
    slowest_seconds: float


def cases() -> list[dict[str, Any]]:
    """Return the answers of the golden cases."""
    beside = Path(__file__).parents[3] / "shared"
    path = Path(os.environ.get("FTADVISOR_DATA", beside)) / "cases" / "golden_cases.jsonl"
    return [json.loads(line)["profile"] for line in path.read_text(encoding="utf-8").splitlines()]


def draw_as_cases(given: list[dict[str, Any]]) -> Draw:
    """Return how to draw each answer as often as cases give it."""

    def draw(chance: random.Random) -> Profile:
        answers = {}
        for field in ask_order():
            values = [case[field] for case in given if field in case]
            answers[field] = chance.choice(values) if values else _mostly_usual(load(Question)[field], chance)
        return _sensible(profile_from(answers))

    return draw


def _mostly_usual(question: Question, chance: random.Random) -> object:
    usual = question.usual is not None and chance.random() < USUALLY
    return question.usual if usual else chance.choice([option.value for option in question.option])


def draw_evenly(chance: random.Random) -> Profile:
    """Draw each option of each question equally often; none is left open."""
    questions = [load(Question)[field] for field in ask_order() if load(Question)[field].option]
    return _sensible(profile_from({one.id: chance.choice([o.value for o in one.option]) for one in questions}))


def _sensible(profile: Profile) -> Profile:
    """Leave out the answers to questions that make no sense for the others."""
    facts = facts_of(profile)
    return profile.with_answers("file", **{f: None for f in ask_order() if not makes_sense(load(Question)[f], facts)})


def answer_session(truth: Profile) -> tuple[Session, float]:
    """Answer what the session asks, from a profile; return its end and the longest time to find a question."""
    session, slowest = Session(), 0.0
    while True:
        started = time.process_time()
        asked = _question(session)
        slowest = max(slowest, time.process_time() - started)
        if asked is None:
            return session, slowest
        if asked == CHECK:
            listed = _statements(session)
            marked = {field: value for field, value in listed if _fits(field, getattr(truth, field), value)}
            session = session.with_check(answers_to(listed, marked))
        else:
            session = session.answered(asked, getattr(truth, asked))


def _fits(field: str, known: Any, option: object) -> bool:
    """Tell whether somebody would take an option for an answer, such as 'about 10' for 7."""
    return known is not None and _nearest(load(Question)[field], known) == option


_known: dict[str, Any] = {}


def _question(session: Session) -> str | None:
    """Return the next question, from memory where another profile began with the same answers."""
    key = f"{sorted(map(str, session.profile.answers().items()))} {sorted(session.asked)} {sorted(session.checked)}"
    if key not in _known:
        _known[key] = next_question(session)
    found: str | None = _known[key]
    return found


def _statements(session: Session) -> list[tuple[str, object]]:
    key = (
        f"list {sorted(map(str, session.profile.answers().items()))} {sorted(session.asked)} {sorted(session.checked)}"
    )
    if key not in _known:
        _known[key] = statements(session)
    found: list[tuple[str, object]] = _known[key]
    return found


def outcome_of(truth: Profile) -> Outcome:
    """Compare the session's advice on a profile with that on all of its answers; the list of exceptions counts once."""
    session, slowest = answer_session(truth)
    agrees = situation_of(session.profile).label == situation_of(truth).label
    return Outcome(agrees, len(session.asked), slowest)


def measure(draw: Draw, count: int, seed: int = 1) -> list[Outcome]:
    """Return what came of some profiles."""
    chance = random.Random(seed)
    return [outcome_of(draw(chance)) for _ in range(count)]


def agreement(outcomes: list[Outcome]) -> float:
    """Return the share of profiles with the same advice."""
    return sum(one.agrees for one in outcomes) / len(outcomes)


def quantile(outcomes: list[Outcome], share: float) -> int:
    """Return a quantile of the number of questions."""
    return sorted(one.questions for one in outcomes)[min(len(outcomes) - 1, math.floor(share * len(outcomes)))]


def print_priors() -> None:
    """Print the counts of ``stated``, as the file of the priors has them."""
    for field, counts in stated().items():
        print(f"\n[answers.{field}]")
        for name, count in counts.items():
            print(f"{name if name.replace('_', '').isalpha() else json.dumps(name)} = {count}")


def stated() -> dict[str, dict[str, int]]:
    """Return how often the project's cases state each answer where its question makes sense, and how often none.

    Numbers count as the nearest option.
    """
    found = {}
    given = [dict(case.answers) for case in load(PublishedCase).values()]
    for field in ask_order():
        question = load(Question)[field]
        values = [case.get(field) for case in given if makes_sense(question, facts_of(profile_from(case)))]
        if question.usual is None and question.option and any(value is not None for value in values):
            counts = Counter(OPEN if value is None else written(_nearest(question, value)) for value in values)
            names = (*(written(option.value) for option in question.option), *([OPEN] if counts[OPEN] else []))
            found[field] = {name: counts[name] for name in names}
    return found


def _nearest(question: Question, value: Any) -> object:
    values = [option.value for option in question.option]
    if value in values:
        return value
    if question.id == "task_type":
        family = find_family(value)
        return next((option for option in values if find_family(str(option)) == family), "generation")
    if question.id == "language":
        return next(option for option in values if group_of(str(option)) == group_of(value))
    return min(values, key=lambda option: abs(math.log(float(option) + 1) - math.log(value + 1)))


def main() -> None:
    """Print the figures of both draws."""
    if "--priors" in sys.argv:
        print_priors()
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    for name, draw in {"as in golden cases": draw_as_cases(cases()), "evenly": draw_evenly}.items():
        outcomes = measure(draw, count)
        slowest = sorted(one.slowest_seconds for one in outcomes)
        print(
            f"{count} profiles drawn {name}: same advice {agreement(outcomes):.1%} (bar 95 %), questions "
            f"{quantile(outcomes, 0.5)} in the median (bar 7), {quantile(outcomes, 0.9)} at the 90th percentile; "
            f"most computing for one {slowest[-1]:.2f} s, in the median profile {slowest[len(slowest) // 2]:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
