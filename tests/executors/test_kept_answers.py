"""Answers that came before a crash are not asked for again."""

import json
from pathlib import Path

import pytest
from ftadvisor.executors.arms import Arm
from ftadvisor.executors.constraint import Labels
from ftadvisor.executors.evaluate import answer_arms
from ftadvisor.executors.kept_answers import KeptAnswers
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.knowledge.progress import silent

ASKED = [Prompt().messages(question) for question in ("How many days?", "退货期限为几天？", "What is blue?", "Why?")]


def test_what_was_kept_is_found_again_and_the_rest_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "base.jsonl"
    kept = KeptAnswers(path, ASKED)
    assert kept.missing == [0, 1, 2, 3]
    kept.add({2: "天空是蓝色的", 0: "seven"}, 1.5)
    kept.add({1: ""}, 0.5, [1])
    again = KeptAnswers(path, ASKED)
    assert again.missing == [3]
    assert again.found == {0: "seven", 1: "", 2: "天空是蓝色的"}
    assert again.seconds == 2.0
    assert again.cut == {1}


def test_a_line_that_a_crash_tore_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "base.jsonl"
    kept = KeptAnswers(path, ASKED)
    kept.add({0: "seven"}, 1.0)
    kept.add({1: "seven", 3: "because"}, 1.0)
    for length in range(len(path.read_bytes())):
        path.write_bytes(path.read_bytes()[: -1 if length else None])
        again = KeptAnswers(path, ASKED)
        assert again.found in ({0: "seven", 1: "seven", 3: "because"}, {0: "seven"}, {})
        assert all("answers" in json.loads(line) for line in path.read_text().splitlines()[1:])


@pytest.mark.parametrize("change", ["rows", "constraint"])
def test_answers_to_something_else_do_not_count(tmp_path: Path, change: str) -> None:
    path = tmp_path / "base.jsonl"
    KeptAnswers(path, ASKED).add({0: "seven"}, 1.0)
    asked = ASKED[1:] if change == "rows" else ASKED
    again = KeptAnswers(path, asked, Labels(("seven",)) if change == "constraint" else None)
    assert len(again.missing) == len(asked)
    assert len(path.read_text().splitlines()) == 1


def test_a_comparison_that_is_stopped_goes_on_with_the_next_batch(tiny_model: Path, tmp_path: Path) -> None:
    base, arms = ModelSource(source=str(tiny_model)), [Arm("base", ASKED, None)]
    whole = answer_arms(arms, base, 8, 2, tmp_path / "whole", silent)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer_arms(arms, base, 8, 2, tmp_path / "stopped", stop)
    assert len(KeptAnswers(tmp_path / "stopped/base.jsonl", ASKED).missing) == 2
    done: list[float] = []
    again = answer_arms(arms, base, 8, 2, tmp_path / "stopped", lambda _, so_far, __: done.append(so_far))
    assert again["base"].answers == whole["base"].answers
    assert done == [4]
