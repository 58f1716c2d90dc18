"""The returns example: what is asked on the test side was in no other part, and both languages are written right."""

import json
import re
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.overlap import NEAR_DUPLICATE, four_grams, jaccard
from ftadvisor.executors.returns import (
    LANGUAGES,
    SPLITS,
    Language,
    draw_clauses,
    read_words,
    write_example,
)
from ftadvisor.knowledge.builtin import builtin_path

NAMES = [split.name for split in SPLITS]
HALF_WIDTH = re.compile(r"[,:;!?()]")


@cache
def rows(split: str) -> list[dict[str, Any]]:
    text = builtin_path(f"builtin:returns/dialogues.{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@cache
def policy(language: Language) -> str:
    return builtin_path(f"builtin:returns/policies/returns.{language}.md").read_text(encoding="utf-8")


def texts(language: Language) -> list[str]:
    own = [row for split in NAMES for row in rows(split) if row["language"] == language]
    return [policy(language), *(row["question"] for row in own), *(row["answer"] for row in own)]


def test_the_bundled_files_are_what_the_seeds_draw(tmp_path: Path) -> None:
    write_example(tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == len(SPLITS) + len(LANGUAGES)
    for path in written:
        assert (tmp_path / path).read_bytes() == builtin_path(f"builtin:returns/{path.as_posix()}").read_bytes()


def test_there_are_enough_dialogues_to_learn_to_choose_and_to_test() -> None:
    assert sum(len(rows(split)) for split in NAMES) >= 600
    for split, least in (("validation", 96), ("test", 96)):
        assert len(rows(split)) >= least
        assert len({row["expected"]["clause"] for row in rows(split)}) >= 20


def test_no_clause_is_asked_about_in_two_parts() -> None:
    clauses = {split: {row["expected"]["clause"] for row in rows(split)} for split in NAMES}
    pairs = {
        split: {(each.thing, each.ground) for each in drawn} for split, drawn in draw_clauses(read_words()).items()
    }
    for one, other in combinations(NAMES, 2):
        assert not clauses[one] & clauses[other]
        assert not pairs[one] & pairs[other]


def test_no_question_is_a_near_duplicate_of_another() -> None:
    grams = [four_grams(row["question"]) for split in NAMES for row in rows(split)]
    assert max(jaccard(one, other) for one, other in combinations(grams, 2)) <= NEAR_DUPLICATE


@pytest.mark.parametrize("split", NAMES)
def test_guessing_one_decision_is_right_in_a_quarter_of_the_rows(split: str) -> None:
    decisions = {decision[language]: name for name, decision in _decisions().items() for language in LANGUAGES}
    counts = Counter(decisions[row["expected"]["decision"]] for row in rows(split))
    assert len(counts) == 4
    assert max(counts.values()) <= 0.3 * len(rows(split))


def _decisions() -> dict[str, Any]:
    found: dict[str, Any] = read_words()["decisions"]
    return found


def test_the_policies_hold_every_clause() -> None:
    for split in NAMES:
        for row in rows(split):
            assert row["quote"] in policy(row["language"])
            assert row["expected"]["clause"] in policy(row["language"])


def test_no_question_names_its_ground() -> None:
    for split in NAMES:
        for row in rows(split):
            ground = re.split("[【】]", row["answer"])[2]
            assert ground not in row["question"]


def test_chinese_has_full_width_punctuation() -> None:
    for text in texts("zh"):
        assert not HALF_WIDTH.search(text), text[:200]


def test_english_has_half_width_punctuation_and_right_articles() -> None:
    for text in texts("en"):
        assert not re.search("[，。：；！？（）、]", text), text[:200]
        assert not re.search(r"\b[Aa] [aeio]", text), text[:200]
        assert not re.search(r"(?:^|[.!?] )[a-z]", text), text[:200]
