"""Started in each of two processes that share models (FSDP2): train tiny ones by several methods, whole and stopped.

Arguments: the folder of the models, and where results go. The first process writes ``results.json``.
"""

import json
import sys
from pathlib import Path
from typing import Any

from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.method import method_module
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import task_class
from ftadvisor.executors.tasks.seq2seq import PairRow
from ftadvisor.executors.train import Training, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.progress import silent

CASES = (
    ("tied", "full"),
    ("tied", "bitfit"),
    ("tied", "adapter"),
    ("tied", "ia3"),
    ("t5", "full"),
    ("bart", "bitfit"),
)
"""Folder of the model, and method. ``tied`` is a decoder with biases and one table for tokens read and written."""
STOPPED_AT, UPDATES = 3, 6

QUESTIONS = [f"Which colour has thing {number}? " * (1 + number % 3) for number in range(12)]
ANSWERS = ["Blue." * (1 + number % 2) for number in range(12)]


class Stopped(Exception):
    """End a training before its time."""


def task(model: Path, folder: Path, method: str, **layout: Any) -> Training:
    """Return a training whose updates are of four rows."""
    kind = "causal_lm" if model.name == "tied" else "seq2seq"
    options = {"epochs": 2, "validate_every": 2, "learning_rate": 1e-2, "precision": "float32", "canary": "never"}
    return Training(
        name=method,
        base=ModelSource(source=str(model)),
        method=method,
        method_options=method_module(method).Options(),
        options=TrainOptions(**options, **layout),
        seed=17,
        max_length=None,
        leave_out_longer=False,
        adapter=folder / "adapter",
        checkpoints=folder / "checkpoints",
        task=kind,
        task_options=task_class(kind).Options(),
    )


def rows(training: Training) -> list[Any]:
    """Return the rows that a training learns."""
    pairs = list(enumerate(zip(QUESTIONS, ANSWERS, strict=True), 1))
    if training.task == "seq2seq":
        return [PairRow(line, *pair) for line, pair in pairs]
    found = []
    for line, (asked, answer) in pairs:
        turns = Turn(role="user", content=asked), Turn(role="assistant", content=answer)
        found.append(Conversation(line=line, id=str(line), messages=turns))
    return found


def curves(training: Training, stopped_at: int = 0) -> dict[str, Any]:
    """Train, and return the losses."""

    def event(name: str, /, **values: Any) -> None:
        if name == "loss" and values["step"] == stopped_at:
            raise Stopped

    found = train(training, rows(training), rows(training)[:4], silent, event)
    return {name: found[name] for name in ("loss", "validation_loss", "steps", "trainable_parameters")}


def main(models: Path, folder: Path) -> None:
    """Do all cases with the other process."""
    from accelerate import PartialState

    state, results = PartialState(cpu=True), {}
    layout = {"batch_size": 2, "accumulation": 1, "processes": 2, "sharding": "fsdp2"}
    for name, method in CASES:
        whole, resumed = (
            task(models / name, folder / f"{name}-{method}-{how}", method, **layout) for how in ("whole", "resumed")
        )
        found = [curves(whole)]
        try:
            curves(resumed, STOPPED_AT)
        except Stopped:
            found.append(curves(resumed))
        results[f"{name}-{method}"] = found
    if state.is_main_process:
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
