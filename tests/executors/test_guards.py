import random
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.guard import Log, all_advice, guard_names, log_of, look
from ftadvisor.executors.task import task_class

pytestmark = pytest.mark.usefixtures("english")

History = list[dict[str, float]]


def history(losses: list[float], validation: dict[int, float] | None = None, gradient: float = 1.0) -> History:
    found: History = []
    for step, loss in enumerate(losses, 1):
        found.append({"step": step, "loss": loss, "grad_norm": gradient})
        if validation and step in validation:
            found.append({"step": step, "eval_loss": validation[step]})
    return found


def noisy(values: list[float], seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [value * chance.uniform(0.8, 1.2) for value in values]


def kinds(found: History, updates: int | None = None) -> list[tuple[str, int | None]]:
    steps = sum("loss" in entry for entry in found)
    return [(one.kind, one.step) for one in all_advice(found, updates or steps, warmup=2, rate=1e-3)]


FALLING = [3 * 0.97**step + 0.3 for step in range(100)]


def test_a_training_as_it_should_be_is_left_alone() -> None:
    for seed in range(20):
        assert kinds(history(noisy(FALLING, seed), {20: 2.5, 40: 1.8, 60: 1.2, 80: 1.0, 100: 0.99})) == []


def test_each_guard_speaks_of_what_it_is_for() -> None:
    falling, rising = FALLING[:40], [0.8 + 0.12 * step for step in range(60)]
    validation = {20: 1.0, 40: 1.2, 60: 1.3, 80: 1.5, 100: 1.9}
    cases = {
        "collapsed": history(noisy([2.0] * 3 + [9.0] * 97)),
        "diverging": history(noisy(falling + rising)),
        "flat": history(noisy([2.0] * 100)),
        "overfitting": history(noisy(FALLING), validation),
        "no_gradient": history(noisy(FALLING), gradient=0.0),
    }
    assert {*cases} == {*guard_names()}
    for kind, found in cases.items():
        assert [name for name, _ in kinds(found)] == [kind]


DEAD = [6.25, 6.2, 6.3] + [5.984] * 25
EVEN = [1.45, 1.43, 1.46, 1.42, 1.66, 2.64, 1.51, 1.75, 2.01, 1.2, 1.62, 1.48, 2.14, 1.95, 1.46, 1.69, 1.73, 1.35]
"""Losses as tiny models had them with rates of 1000 and 0.1: a Llama's, and a BERT's that tells four classes."""


def told(losses: list[float], gradients: list[float], rate: float) -> list[tuple[str, int | None, str]]:
    pairs = enumerate(zip(losses, gradients, strict=True), 1)
    found = [{"step": step, "loss": loss, "grad_norm": gradient} for step, (loss, gradient) in pairs]
    return [(one.kind, one.step, one.fix) for one in all_advice(found, len(losses), 2, rate)]


@pytest.mark.parametrize("updates", [7, 28])
def test_a_model_without_any_gradient_left_is_told_to_learn_slower(updates: int) -> None:
    (kind, step, fix) = told(DEAD[:updates], ([1.2, 1.1, 1.9] + [0.0] * 25)[:updates], 1000)[0]
    assert (kind, step) == ("collapsed", 6)
    assert "lower" in fix
    assert "times the learning rate" not in fix


def test_what_too_high_a_rate_does_is_told_in_short_trainings_too() -> None:
    shot_up = [1.45, 1.43, 180, 335, 759, 1186, 397]
    assert [kind for kind, *_ in told(shot_up, [2.0] * 7, 0.03)] == ["collapsed"]
    exploded = [6.2] * 3 + [5.98] * 17
    assert [kind for kind, *_ in told(exploded, [1.2] * 3 + [300.0] * 17, 0.03)] == ["collapsed"]
    assert [kind for kind, *_ in told(EVEN, [2.0] * 18, 0.1)] == ["collapsed"]
    assert told(EVEN, [2.0] * 18, 0.01) == []
    assert [kind for kind, *_ in told(EVEN * 6, [2.0] * 108, 0.1)] == ["collapsed"]  # and not that it is flat


def test_a_high_rate_with_which_something_is_learnt_is_left_alone() -> None:
    assert told(noisy(FALLING), [1.0] * 100, 0.3) == []
    assert told([2.0, 1.0, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.1] + [0.0] * 5, 1e-3) == []


def test_updates_without_any_label_say_nothing_of_the_model() -> None:
    falling = noisy(FALLING)
    early, late = (
        ([0.0, 0.0, 0.0, *falling], [0.0] * 3 + [1.0] * 100),
        ([*falling, 0.0, 0.0, 0.0], [1.0] * 100 + [0.0] * 3),
    )
    assert told(*early, 1e-3) == told(*late, 1e-3) == []
    torn = ([2.0, 0.0, 2.1, 0.0, 2.0, *[9.0] * 60], [1.0, 0.0, 1.0, 0.0] + [1.0] * 61)
    assert [kind for kind, *_ in told(*torn, 1e-3)] == ["collapsed"]


def test_what_began_without_any_loss_is_not_compared_with_that() -> None:
    assert [kind for kind, *_ in told([0.0, 1.0, 0.0] + [1.0] * 57, [0.5] * 60, 1e-4)] == ["flat"]


def test_a_head_that_begins_as_a_probe_may_lose_some_of_its_fit() -> None:
    adapting = history(noisy([0.12] * 15 + [0.25] * 30 + [0.18] * 60))
    assert {one.kind for one in all_advice(adapting, 105, 2, 1e-3)} == {"diverging"}
    assert all_advice(adapting, 105, 2, 1e-3, fitted=True) == []
    torn = history(noisy([0.12] * 15 + [1.5] * 60))
    assert [one.kind for one in all_advice(torn, 75, 2, 1e-3, fitted=True)] == ["diverging"]


def test_a_rare_class_that_weighs_much_is_no_sign_of_a_model_that_broke_down() -> None:
    spikes = {4: 3.1, 13: 5.1, 14: 8.1, 17: 2.7}
    losses = [spikes.get(place, value) for place, value in enumerate(noisy([0.73] * 27))]
    assert {one.kind for one in all_advice(history(losses), 27, 2, 2e-5)} == {"collapsed"}
    assert all_advice(history(losses), 27, 2, 2e-5, uneven=True) == []
    shot_up = history(noisy([0.7] * 3 + [9.0] * 97))
    assert [one.kind for one in all_advice(shot_up, 100, 2, 2e-5, uneven=True)] == ["collapsed"]


@pytest.mark.parametrize(("loss", "uneven"), [("plain", False), ("weighted", True), ("focal", False)])
def test_classes_that_count_the_same_make_rows_weigh_unevenly(loss: str, uneven: bool) -> None:
    of = task_class("sequence_classification")
    assert of(of.Options.model_validate({"loss": loss}), {}).uneven == uneven


def test_guards_speak_early_enough_to_stop() -> None:
    rising = history(noisy(FALLING[:40] + [0.8 + 0.2 * step for step in range(60)]))
    assert kinds(rising)[0][1] < 75  # type: ignore[operator]
    overfit = history(FALLING, {20: 1.0, 40: 1.2, 60: 1.3, 80: 1.5})
    assert kinds(overfit) == [("overfitting", 60)]


def test_what_is_said_depends_on_the_log_alone() -> None:
    found = history(noisy([2.0] * 100))
    again = log_of(found, 100, 2, 1e-3)
    assert [one.kind for one in look(again)] == ["flat"]
    assert all_advice(found, 100, 2, 1e-3) == all_advice(list(found), 100, 2, 1e-3)


def test_a_model_that_knows_its_rows_is_not_flat() -> None:
    assert kinds(history(noisy([0.01] * 100))) == []


def test_guards_say_nothing_of_an_empty_log() -> None:
    empty = Log([], [], [], updates=10, warmup=0, learning_rate=1.0)
    assert list(look(empty)) == []


def test_texts_name_the_figures(tmp_path: Path) -> None:
    told: Any = all_advice(history(noisy([2.0] * 100)), 100, 2, 1e-3)[0]
    assert "2" in told.text
    assert "0.001" in told.fix
