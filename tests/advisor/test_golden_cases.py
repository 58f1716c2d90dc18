"""Published decisions with known outcomes; skipped where the case file is not there."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.labels import covers
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.recommendation import Recommendation

SHARED = Path(os.environ.get("FTADVISOR_DATA", Path(__file__).parents[3] / "shared"))
CASES = SHARED / "cases" / "golden_cases.jsonl"
ENOUGH_ACCEPTABLE = 0.95
ENOUGH_FROM_WORDS = 0.83
MOST_WRONG_FROM_WORDS = 0.022
#: What a suffix ``@...`` says about the base model; other suffixes say nothing about it.
BASES = {
    "llm7b": {"llm<=8b"},
    "<=8b": {"llm<=8b"},
    "<=34b": {"llm<=8b", "llm<=34b"},
    "70b": {"llm>=10b"},
    "foundation": {"vision_llm"},
}


def matches(label: str, found: Recommendation) -> bool:
    """Tell whether a label of a case covers the advice, base model included."""
    name, _, suffix = label.partition("@")
    return covers(name, found.label) and (suffix not in BASES or found.base in BASES[suffix])


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[str, Any], Recommendation]]:
    """Return every case that is not contested with the advice for its profile."""
    if not CASES.exists():
        pytest.skip(f"the published cases are not at {CASES}; set FTADVISOR_DATA to their folder")
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    return [(case, recommend(profile_from(case["profile"]), brief=True)) for case in cases if not case["contested"]]


def test_nearly_all_are_acceptable(judged: list[tuple[dict[str, Any], Recommendation]]) -> None:
    missed = [case["id"] for case, found in judged if not any(matches(label, found) for label in case["acceptable"])]
    assert 1 - len(missed) / len(judged) >= ENOUGH_ACCEPTABLE, missed


def test_none_is_wrong(judged: list[tuple[dict[str, Any], Recommendation]]) -> None:
    wrong = [(case["id"], found.label) for case, found in judged if any(matches(one, found) for one in case["wrong"])]
    assert not wrong


def test_the_base_model_is_of_the_right_kind(judged: list[tuple[dict[str, Any], Recommendation]]) -> None:
    wrong = [
        (case["id"], found.base)
        for case, found in judged
        if case["acceptable_base"] and found.base not in case["acceptable_base"]
    ]
    assert not wrong


def test_most_descriptions_alone_lead_to_acceptable_advice_in_both_languages(
    judged: list[tuple[dict[str, Any], Recommendation]],
) -> None:
    wrong, read = [], 0
    for language in ("en", "zh"):
        described = [case for case, _ in judged if case[f"description_{language}"]]
        found = [recommend(understand(case[f"description_{language}"]).profile(), brief=True) for case in described]
        pairs = list(zip(described, found, strict=True))
        missed = [case["id"] for case, one in pairs if not any(matches(label, one) for label in case["acceptable"])]
        assert 1 - len(missed) / len(described) >= ENOUGH_FROM_WORDS, missed
        wrong += [case["id"] for case, one in pairs if any(matches(label, one) for label in case["wrong"])]
        read += len(described)
    assert len(wrong) / read <= MOST_WRONG_FROM_WORDS, wrong
