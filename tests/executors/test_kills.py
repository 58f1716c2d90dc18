"""A training that is killed at any write, rename or step, in any phase, ends like the undisturbed one."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.events import append_event, drop_torn_line, read_events
from ftadvisor.executors.train import Training, train
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, training, weights

KILLS = 50
PHASES = ("audit", "canary", "loss", "validation_loss", "adapter")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def attempt(task: Training, folder: Path) -> dict[str, Any]:
    """Train as a run does: with events on the disk, so that a kill can fall on any step."""
    folder.mkdir(parents=True, exist_ok=True)
    events = folder / "events.jsonl"
    drop_torn_line(events)

    def event(name: str, /, **values: Any) -> None:
        append_event(events, name, values)

    return train(task, ROWS[:8], ROWS[8:], silent, event)


def task_in(model: Path, folder: Path) -> Training:
    return training(model, folder, canary="always", validate_every=1, general=("Rivers carry sand.",))


def phase(folder: Path) -> str:
    """Return how far a killed training came, from what it left behind."""
    if any(folder.glob("*adapter*")):
        return "adapter"
    told = [str(event["event"]) for event in read_events(folder / "events.jsonl")]
    if told[-1:] in ([], ["audit"], ["canary"]):
        return "canary" if (folder / "checkpoints").exists() else "audit"
    return told[-1]


def test_fifty_kills_end_in_fifty_clean_resumes(tiny_model: Path, tmp_path: Path) -> None:
    whole = task_in(tiny_model, tmp_path / "whole")
    expected = attempt(whole, tmp_path / "whole")
    counted = tmp_path / "counted"
    changes = run_until_killed(counted, partial(attempt, task_in(tiny_model, counted), counted), kill_at=0)
    assert changes >= KILLS
    phases = set()
    for number in range(KILLS):
        kill_at, folder = 1 + number * (changes - 1) // (KILLS - 1), tmp_path / str(number)
        task = task_in(tiny_model, folder)
        run_until_killed(folder, partial(attempt, task, folder), kill_at)
        phases.add(phase(folder))
        result = attempt(task, folder)
        for name in ("loss", "validation_loss", "best_step", "steps", "general_loss", "advice"):
            assert result[name] == expected[name], f"{name}, killed at change {kill_at}"
        assert weights(task.adapter) == weights(whole.adapter), f"killed at change {kill_at}"
    assert phases == {*PHASES}


def run_until_killed(folder: Path, work: Callable[[], object], kill_at: int) -> int:
    """Do work in a process of its own that is killed at the n-th change to a folder.

    Returns:
        How many changes there were before the end; only told where it was not killed.
    """
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _kill_self_at(folder, kill_at)
        try:
            work()
            os.write(tell, str(_changes[0]).encode())
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as pipe:
        count = pipe.read()
    _, status = os.waitpid(child, 0)
    assert bool(count) != (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    return int(count or -1)


_changes = [0]


def _kill_self_at(folder: Path, kill_at: int) -> None:
    """Count files opened for writing, renames and deletions, and halve what two libraries write without asking."""
    import safetensors.torch
    import torch

    def changed(half_written: Path | None = None) -> None:
        _changes[0] += 1
        if _changes[0] == kill_at:
            if half_written is not None:
                os.truncate(half_written, half_written.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (writing or event in {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}) and str(folder) in str(
            arguments[0]
        ):
            changed()

    sys.addaudithook(watch)
    for module, name, place in ((torch, "save", 1), (safetensors.torch, "save_file", 1)):
        setattr(module, name, _then(getattr(module, name), place, changed))


def _then(write: Callable[..., None], place: int, changed: Callable[[Path], None]) -> Callable[..., None]:
    def written(*arguments: Any, **options: Any) -> None:
        write(*arguments, **options)
        changed(Path(arguments[place]))

    return written
