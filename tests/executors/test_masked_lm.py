"""Gaps in texts: chance makes them, and decides the same again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.tasks.masked_lm import Gaps, Task
from ftadvisor.executors.texts import TextRow
from ftadvisor.executors.train import train
from ftadvisor.knowledge.progress import silent

from .test_train import ignore, training

ROWS = [TextRow(number, "The sky is blue, the sea is green and the sun is red. " * 3) for number in range(1, 3)]


def test_each_pass_has_other_gaps_even_of_one_row_and_a_validation_the_same(tiny_of: Callable[[str], Path]) -> None:
    task = Task(Gaps(block=32), {})
    tokenizer = load_tokenizer(str(tiny_of("bert")))
    [(_, row), *_] = task.examples(tokenizer, ROWS, 64)
    padding: Any = tokenizer.pad_token_id
    gaps = [task.collate_anew([row], padding, epoch)["labels"].tolist() for epoch in range(4)]
    assert len({str(one) for one in gaps}) == 4
    assert gaps[2] == task.collate_anew([row], padding, 2)["labels"].tolist()
    assert task.collate([row], padding)["labels"].tolist() == task.collate([row], padding)["labels"].tolist()


def test_a_training_tells_which_pass_it_is_in_also_after_a_stop(
    tiny_of: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    anew = Task.collate_anew

    def noted(self: Task, examples: Any, padding: int, epoch: int) -> Any:
        seen.append(epoch)
        return anew(self, examples, padding, epoch)

    monkeypatch.setattr(Task, "collate_anew", noted)
    base = ModelSource(source=str(tiny_of("bert")))
    own = {"task": "masked_lm", "task_options": Gaps(block=32), "base": base, "epochs": 3, "batch_size": 1}
    whole = train(training(tiny_of("bert"), tmp_path / "whole", **own), ROWS, [], silent, ignore)
    passes, last = sorted(set(seen)), max(whole["steps"] // 3, 1)
    assert passes == [0, 1, 2]
    seen.clear()

    def stop(event: str, /, **values: Any) -> None:
        if event == "loss" and values["step"] == 2 * last:
            raise KeyboardInterrupt

    task = training(tiny_of("bert"), tmp_path / "stopped", **own | {"validate_every": last})
    with pytest.raises(KeyboardInterrupt):
        train(task, ROWS, [], silent, stop)
    assert train(task, ROWS, [], silent, ignore)["loss"] == whole["loss"]
