"""Tasks told without their names: most of what is stated is read, and hardly anything otherwise.

The lexicons were built with these descriptions in sight, so that the share read here is no promise for others.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.describe.understand import understand

DESCRIPTIONS = Path(__file__).parents[1] / "described_tasks.jsonl"
ENOUGH_READ = 0.85
MOST_MISREAD = 0.04

LINES = [json.loads(line) for line in DESCRIPTIONS.read_text(encoding="utf-8").splitlines()]


def is_right(found: Any, expected: Any) -> bool:
    return bool(found in expected if isinstance(expected, list) else found == expected)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_most_of_what_is_told_is_read_and_hardly_anything_is_misread(language: str) -> None:
    stated, missing, misread = 0, [], []
    for line in (line for line in LINES if line["language"] == language):
        found = {read.field: read.value for read in understand(line["text"]).answers}
        stated += len(line["expected"])
        missing += [(line["id"], name) for name in line["expected"] if name not in found]
        misread += [
            (line["id"], name, found[name])
            for name, expected in line["expected"].items()
            if name in found and not is_right(found[name], expected)
        ]
    assert 1 - (len(missing) + len(misread)) / stated >= ENOUGH_READ, missing
    assert len(misread) / stated <= MOST_MISREAD, misread
