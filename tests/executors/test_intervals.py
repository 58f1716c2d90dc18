"""Intervals are as wide as the rows allow."""

import random

import pytest
from ftadvisor.executors.intervals import difference, interval, numbered


def test_interval_by_hand() -> None:
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


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_that_are_all_the_same_do_not_make_it_certain(score: float) -> None:
    found = interval([score] * 20, seed=1)
    assert found["value"] == score
    # no event in 20 trials: the exact 95 % limit is 16.8 %, and the rule of three says about 3 / 20
    assert abs(score - found["low"]) + abs(score - found["high"]) == pytest.approx(0.1684, abs=1e-4)
    assert 0.0 <= found["low"] <= found["high"] <= 1.0


def test_twenty_questions_about_four_things_are_no_twenty_proofs() -> None:
    alone = interval([0.0] * 20, seed=1)
    together = interval([0.0] * 20, seed=1, groups=[str(row % 4) for row in range(20)])
    assert together["high"] == pytest.approx(0.6024, abs=1e-4)
    assert alone["high"] < together["high"]


def test_arms_that_are_equal_on_all_rows_may_still_differ() -> None:
    found = difference([1.0, 0.0] * 30, [1.0, 0.0] * 30, seed=1)
    assert found == {"value": 0.0, "low": pytest.approx(-0.0596, abs=1e-4), "high": pytest.approx(0.0596, abs=1e-4)}
    assert difference([1.0] * 60, [0.0] * 60, seed=1)["low"] == pytest.approx(1 - 2 * 0.0596, abs=1e-4)


def test_groups_are_numbered_as_numpy_does_and_take_no_more_room_than_their_names() -> None:
    numpy = pytest.importorskip("numpy", reason="needs the train extra")
    chance = random.Random(3)
    groups = ["".join(chance.choices("ab é退货", k=chance.randrange(1, 4))) for _ in range(200)]
    assert numbered(groups) == numpy.unique(groups, return_inverse=True)[1].tolist()
    long = ["x" * 2_000_000, *map(str, range(20_000))]  # 160 GB as an array of NumPy's
    assert interval([1.0, *[0.0, 1.0] * 10_000], 1, long, resamples=10)["value"] == pytest.approx(0.5, abs=1e-3)


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
