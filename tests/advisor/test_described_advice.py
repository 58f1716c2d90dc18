"""Advice from a description alone, on situations that others than the lexicons' authors wrote and labelled."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.labels import covers
from ftadvisor.advisor.recommend import recommend

#: Share of acceptable advice at least, and of costly mistakes at most, by set and language: what was measured.
BARS = {
    ("described_situations", "en"): (0.95, 0.0),
    ("described_situations", "zh"): (0.875, 0.025),
    ("labelled_profiles", "en"): (0.90, 0.0),
    ("labelled_profiles", "zh"): (0.93, 0.0),
    ("new_situations", "en"): (0.825, 0.0),
    ("new_situations", "zh"): (0.725, 0.05),
    ("later_situations", "en"): (0.816, 0.034),
    ("later_situations", "zh"): (0.80, 0.0),
}


@pytest.mark.parametrize(("name", "language"), BARS)
def test_descriptions_alone_lead_to_advice_as_good_as_was_measured(name: str, language: str) -> None:
    lines = (Path(__file__).parent / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case.get("language", language) == language]
    found = [(case, recommend(understand(_text(case, language)).profile(), brief=True).label) for case in cases]
    missed = [(case["id"], label) for case, label in found if not _held(case["acceptable"], label)]
    costly = [(case["id"], label) for case, label in found if _held(case["wrong"], label)]
    least, most = BARS[name, language]
    assert (len(cases) - len(missed)) / len(cases) >= least, missed
    assert len(costly) / len(cases) <= most, costly


def _text(case: dict[str, Any], language: str) -> str:
    text: str = case.get("description") or case[f"description_{language}"]
    return text


def _held(labels: list[str], label: str) -> bool:
    return any(covers(one, label) for one in labels)
