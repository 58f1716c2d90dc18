"""Sentences as practitioners write them, labelled without sight of the lexicons: what is stated is read exactly."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.describe.understand import understand

SENTENCES = Path(__file__).parents[1] / "described_sentences.jsonl"
ENOUGH_RIGHT = 0.95
SAME_SIZE = 0.15
"""A model's size may be given as its name says it, or exactly."""

LINES = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]


def is_same(field: str, found: Any, expected: Any) -> bool:
    if found is None:
        return False
    if field == "base_model_params_b":
        return abs(found - expected) <= SAME_SIZE * expected
    if field == "base_model":
        return _bare(found) == _bare(expected)
    return bool(found == expected)


def _bare(name: str) -> str:
    plain = re.sub(r"[^a-z0-9\u4e00-\u9fff]", "", name.lower().rpartition("/")[2])
    return re.sub(r"(instruct|chat|it|hf)$", "", plain)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nearly_all_that_is_stated_is_read_exactly(language: str) -> None:
    judged = []
    for line in (line for line in LINES if line["language"] == language):
        found = {read.field: read.value for read in understand(line["text"]).answers}
        judged += [
            (line["id"], name, is_same(name, found.get(name), value)) for name, value in line["expected"].items()
        ]
        judged += [(line["id"], name, name not in found) for name in line.get("unstated", [])]
    wrong = [entry for entry in judged if not entry[2]]
    assert 1 - len(wrong) / len(judged) >= ENOUGH_RIGHT, wrong
