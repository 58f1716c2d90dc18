"""Profiles drawn from the answers that the questions offer."""

import random
from collections.abc import Callable, Iterator

import pytest
from ftadvisor.advisor.profile import Profile
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.question import Question


@pytest.fixture(scope="session")
def drawn_profiles() -> Callable[[int], Iterator[Profile]]:
    """Return a function that yields so many profiles, always the same ones, a third of the answers unknown."""
    return _draw


def _draw(count: int) -> Iterator[Profile]:
    draw = random.Random(17)
    questions = [question for question in load(Question).values() if question.option]
    for _ in range(count):
        answered = [question for question in questions if draw.random() > 1 / 3]
        yield Profile().with_answers("asked", **{one.id: draw.choice(one.option).value for one in answered})
