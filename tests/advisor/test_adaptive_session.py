"""A sample of what ``tests/benchmarks/adaptive_session.py`` measures: few questions, and the advice of all of them."""

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared"))
COUNT = 40
SAME_ADVICE = 0.9
"""The bar for 1,000 profiles is 0.95; 40 of them leave room for chance, and none for a session that got worse."""
QUESTIONS = 7


@pytest.fixture(scope="module")
def benchmark() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "adaptive_session.py"))


def test_few_questions_give_the_advice_of_all_for_answers_drawn_evenly(benchmark: dict[str, Any]) -> None:
    outcomes = benchmark["measure"](benchmark["draw_evenly"], COUNT)
    assert benchmark["agreement"](outcomes) >= SAME_ADVICE
    assert benchmark["quantile"](outcomes, 0.5) <= QUESTIONS


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no published cases in {SHARED}; FTADVISOR_DATA names their folder")
def test_few_questions_give_the_advice_of_all_for_answers_as_published(benchmark: dict[str, Any]) -> None:
    outcomes = benchmark["measure"](benchmark["draw_as_cases"](benchmark["cases"]()), COUNT)
    assert benchmark["agreement"](outcomes) >= SAME_ADVICE
    assert benchmark["quantile"](outcomes, 0.5) <= QUESTIONS
