import random

import pytest
from ftadvisor.executors.metrics import (
    FieldOptions,
    confusion,
    difference,
    found_value,
    interval,
    judge,
    judge_text,
    keeps_format,
)
from pydantic import ValidationError

FORMAT = r"Clause: (?P<clause>[A-Z]-\d+)\nDecision: (?P<decision>accept|reject)\n.+"
CLAUSE = FieldOptions(name="clause", pattern=r"[A-Z]-\d+")
DECISION = FieldOptions(name="decision", values=("accept", "reject"))
GOOD = "Clause: A-12\nDecision: accept\nWe are sorry.\nYou get your money back."


@pytest.mark.parametrize(
    ("answer", "kept"),
    [(GOOD, True), (f" {GOOD}\n", True), ("Clause: A-12", False), (f"Hello. {GOOD}", False)],
)
def test_format_is_kept_by_whole_answers_only(answer: str, kept: bool) -> None:
    assert keeps_format(answer, FORMAT) is kept


@pytest.mark.parametrize(
    ("answer", "clause", "decision"),
    [
        (GOOD, "A-12", "accept"),
        ("By A-12 we accept this.", "A-12", "accept"),  # form not kept, but one value of each occurs
        ("A-12 or B-3? We accept, or reject.", None, None),
        ("A-12, and again A-12", "A-12", None),
        ("", None, None),
    ],
)
def test_fields_are_found_by_the_form_or_as_the_only_candidate(
    answer: str, clause: str | None, decision: str | None
) -> None:
    assert found_value(answer, FORMAT, CLAUSE) == clause
    assert found_value(answer, FORMAT, DECISION) == decision


def test_value_inside_a_longer_value_does_not_count() -> None:
    field = FieldOptions(name="decision", values=("退货", "不可退货"))
    assert found_value("结论:不可退货。", None, field) == "不可退货"
    assert found_value("结论:退货。", None, field) == "退货"
    assert found_value("退货还是不可退货?", None, field) is None


def test_scores_by_hand() -> None:
    answers = [GOOD, "reject under B-3", "nothing"]
    expected = [
        {"clause": "A-12", "decision": "accept"},
        {"clause": "B-3", "decision": "accept"},
        {"clause": "C-1", "decision": "reject"},
    ]
    assert judge(answers, expected, FORMAT, [CLAUSE, DECISION]) == {
        "clause": [1.0, 1.0, 0.0],
        "decision": [1.0, 0.0, 0.0],
        "all": [1.0, 0.0, 0.0],
        "format": [1.0, 0.0, 0.0],
    }
    assert confusion(answers, expected, FORMAT, DECISION) == {
        "accept": {"accept": 1, "reject": 1, "-": 0},
        "reject": {"accept": 0, "reject": 0, "-": 1},
    }


def test_free_text_is_compared_by_words_and_chinese_characters() -> None:
    scores = judge_text(["The sky is blue!", "七天内退货", "no"], ["the sky is  blue", "七天退款", "yes"])
    assert scores["exact"] == [1.0, 0.0, 0.0]
    assert scores["f1"] == [1.0, pytest.approx(2 * 3 / 9), 0.0]


def test_interval_by_hand() -> None:
    assert interval([1.0] * 20, seed=1) == {"value": 1.0, "low": 1.0, "high": 1.0}
    half = interval([0.0, 1.0] * 50, seed=1)
    # the standard error of a share of one half in 100 rows is 0.05
    assert half["value"] == 0.5
    assert half["low"] == pytest.approx(0.402, abs=0.015)
    assert half["high"] == pytest.approx(0.598, abs=0.015)


def test_paired_difference_is_sharper_than_two_separate_intervals() -> None:
    other = [float(number % 2) for number in range(100)]
    ours = [1.0, *other[1:]]  # one row better, all others the same
    found = difference(ours, other, seed=1)
    assert found["value"] == pytest.approx(0.01)
    assert found["low"] == 0.0
    assert found["high"] <= 0.03
    assert difference(other, other, seed=1) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_rows_about_the_same_thing_make_the_interval_wider() -> None:
    scores, groups = [0.0] * 40 + [1.0] * 40, [str(row // 8) for row in range(80)]
    found = interval(scores, seed=1, groups=groups)
    # ten groups of which half are right: the standard error is 0.5 / sqrt(10)
    assert found["value"] == 0.5
    assert found["low"] == pytest.approx(0.2, abs=0.05)
    assert found["high"] == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    "groups", [["same"] * 60, [str(row) for row in range(60)], [str(row % 2) for row in range(60)]]
)
def test_groups_never_make_the_interval_narrower(groups: list[str]) -> None:
    scores = [float(row % 3 == 0) for row in range(60)]
    alone, together = interval(scores, seed=1), interval(scores, seed=1, groups=groups)
    assert together["low"] <= alone["low"]
    assert together["high"] >= alone["high"]


def test_same_seed_same_interval() -> None:
    scores = [float(number % 3 == 0) for number in range(50)]
    assert interval(scores, seed=5) == interval(scores, seed=5)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    chance = random.Random(3)
    covered = 0
    for trial in range(200):
        scores = [float(chance.random() < 0.7) for _ in range(80)]
        found = interval(scores, seed=trial, resamples=1000)
        covered += found["low"] <= 0.7 <= found["high"]
    assert 180 <= covered <= 198  # 95 % of 200 is 190, with a standard error of 3


@pytest.mark.parametrize("wrong", [{"name": "x"}, {"name": "x", "pattern": "("}, {"name": "", "pattern": "a"}])
def test_fields_that_cannot_be_judged_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FieldOptions.model_validate(wrong)
