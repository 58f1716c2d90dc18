import random
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.guard import Log, all_advice, guard_names, log_of, look

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
        "diverging": history(noisy(falling + rising)),
        "flat": history(noisy([2.0] * 100)),
        "overfitting": history(noisy(FALLING), validation),
        "no_gradient": history(noisy(FALLING), gradient=0.0),
    }
    assert {*cases} == {*guard_names()}
    for kind, found in cases.items():
        assert [name for name, _ in kinds(found)] == [kind]


def test_a_head_that_begins_as_a_probe_may_lose_some_of_its_fit() -> None:
    adapting = history(noisy([0.12] * 15 + [0.25] * 30 + [0.18] * 60))
    assert {one.kind for one in all_advice(adapting, 105, 2, 1e-3)} == {"diverging"}
    assert all_advice(adapting, 105, 2, 1e-3, fitted=True) == []
    torn = history(noisy([0.12] * 15 + [1.5] * 60))
    assert [one.kind for one in all_advice(torn, 75, 2, 1e-3, fitted=True)] == ["diverging"]


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
