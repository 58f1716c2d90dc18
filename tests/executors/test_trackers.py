from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import trackers
from ftadvisor.executors.events import ADVICE
from ftadvisor.executors.trackers import tracker_callback
from ftadvisor.executors.train import train
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, ignore, training

pytestmark = pytest.mark.usefixtures("english")


def test_without_tensorboard_training_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    callback, told = tracker_callback("tensorboard", tmp_path, "a")
    assert callback is None
    assert "not installed" in told
    assert tracker_callback("none", tmp_path, "a") == (None, "")


def test_a_tracker_that_was_asked_for_and_is_missing_is_refused_before_a_model_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    task = training(tmp_path / "no_model", tmp_path, tracker="wandb", tracked=tmp_path / "wandb")
    with pytest.raises(UserError) as error:
        train(task, ROWS, ROWS[:4], silent, ignore)
    assert (error.value.hint, error.value.change) == ("pip install wandb", {"tracker": "tensorboard"})


def test_a_missing_tensorboard_is_told_where_people_look(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    told: list[dict[str, Any]] = []

    def event(name: str, /, **values: Any) -> None:
        if name == ADVICE:
            told.append(values)

    task = training(tiny_model, tmp_path, tracker="tensorboard", tracked=tmp_path / "t")
    found: Any = train(task, ROWS[:4], [], silent, event)
    assert [one["kind"] for one in told] == [one["kind"] for one in found["advice"]] == ["no_tensorboard"]
    assert "pip install tensorboard" in told[0]["fix"]


def test_event_files_hold_both_losses(tiny_model: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    task = training(tiny_model, tmp_path, tracker="tensorboard", tracked=tmp_path / "tensorboard")
    found = train(task, ROWS, ROWS[:4], silent, ignore)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    shown = [[event.step, pytest.approx(event.value, rel=1e-4)] for event in events.Scalars("train/loss")]
    assert found["loss"] == shown
    assert len(events.Scalars("eval/loss")) == 3
