from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import canary, checkpoints
from ftadvisor.executors import train as trained
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.laying_out import Able, ladder
from ftadvisor.executors.losses import answer_loss
from ftadvisor.executors.memory import PeakMemory
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import device
from ftadvisor.executors.tasks import causal_lm
from ftadvisor.executors.train import train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, ignore, training, weights

pytestmark = pytest.mark.usefixtures("english")


def events_of(task: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    told: dict[str, dict[str, Any]] = {}
    return train(task, ROWS, ROWS[:4], silent, lambda event, /, **values: told.update({event: values})), told


def test_trying_changes_nothing_of_what_is_learnt(tiny_model: Path, tmp_path: Path) -> None:
    plain = training(tiny_model, tmp_path / "plain", canary="never")
    tried = training(tiny_model, tmp_path / "tried", canary="always")
    found, told = events_of(tried)
    assert found["loss"] == train(plain, ROWS, ROWS[:4], silent, ignore)["loss"]
    assert weights(tried.adapter) == weights(plain.adapter)
    assert told["canary"]["peak_memory_bytes"] > 0
    assert told["canary"]["checkpoint_bytes"] > 0
    assert told["canary"]["layout"] == {}


def test_the_largest_logits_of_the_training_are_tried_and_estimated(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch of a long and a short prompt, logits are computed for the long one's prompt, too."""
    rows = [
        Conversation(
            line=number,
            id=str(number),
            messages=(Turn(role="user", content="thing " * length), Turn(role="assistant", content="Blue.")),
        )
        for number, length in enumerate([80, 79, 78, 77, 60, 1, 2, 3], 1)
    ]
    seen: dict[str, list[int]] = {"tried": [], "trained": []}
    kind, update = ["trained"], canary._update

    def counted(model: Any, batch: dict[str, Any]) -> Any:
        seen[kind[-1]].append(len(batch["labels"]) * (batch["labels"].shape[1] - batch["first_answer"] + 1))
        return answer_loss(model, batch)

    def tried(trainer: Any, layout: TrainOptions) -> None:
        kind.append("tried")
        update(trainer, layout)
        kind.pop()

    estimated: list[int] = []
    asked = trained.request_for
    monkeypatch.setattr(causal_lm, "answer_loss", counted)
    monkeypatch.setattr(canary, "_update", tried)
    monkeypatch.setattr(trained, "request_for", lambda *given: estimated.append(given[-1]["loss_len"]) or asked(*given))
    train(training(tiny_model, tmp_path, canary="always"), rows, [], silent, ignore)
    assert max(seen["trained"]) > 4 * 20  # a batch that holds a long and a short one
    assert max(seen["tried"]) == max(seen["trained"]) == 4 * estimated[0]


def test_a_method_with_a_schedule_is_tried_out_and_learns_the_same(tiny_model: Path, tmp_path: Path) -> None:
    changes = {"method": "adalora", "method_options": method_module("adalora").Options()}
    plain = training(tiny_model, tmp_path / "plain", canary="never", **changes)
    found, told = events_of(training(tiny_model, tmp_path / "tried", canary="always", **changes))
    assert told["canary"]["peak_memory_bytes"] > 0
    assert found["loss"] == train(plain, ROWS, ROWS[:4], silent, ignore)["loss"]


def test_short_trainings_are_not_tried_unless_asked(tiny_model: Path, tmp_path: Path) -> None:
    found, told = events_of(training(tiny_model, tmp_path))
    assert found["canary"] == {}
    assert "canary" not in told


def test_a_resumed_training_is_not_tried_again(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = training(tiny_model, tmp_path, canary="always")

    def stop(event: str, /, **values: Any) -> None:
        if event == "loss" and values["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(task, ROWS, ROWS[:4], silent, stop)
    monkeypatch.setattr(canary, "_update", lambda *_: pytest.fail("tried again"))
    read: list[Path] = []
    checked = checkpoints.about
    monkeypatch.setattr(checkpoints, "about", lambda checkpoint: read.append(checkpoint) or checked(checkpoint))
    found = train(task, ROWS, ROWS[:4], silent, ignore)
    assert found["canary"]["peak_memory_bytes"] > 0
    assert len(read) == 1  # a large model's takes minutes


def test_the_ladder_keeps_the_rows_of_an_update_and_ends_with_the_costly() -> None:
    rungs = list(
        ladder(TrainOptions(batch_size=6, accumulation=2), Able(checkpointing=True, chunking=True, eight_bit=True))
    )
    shown = [(one.batch_size, one.accumulation, one.gradient_checkpointing, one.loss, one.optimizer) for one in rungs]
    assert shown == [
        (6, 2, False, "standard", "adamw"),
        (3, 4, False, "standard", "adamw"),
        (1, 12, False, "standard", "adamw"),
        (1, 12, True, "standard", "adamw"),
        (1, 12, True, "chunked", "adamw"),
        (1, 12, True, "chunked", "adamw_8bit"),
    ]
    assert (
        len(list(ladder(TrainOptions(batch_size=1), Able(checkpointing=False, chunking=False, eight_bit=False)))) == 1
    )


def test_a_loss_of_whole_batches_keeps_them() -> None:
    able = Able(checkpointing=True, chunking=False, eight_bit=False, dividing=False)
    rungs = list(ladder(TrainOptions(batch_size=6, accumulation=2, when_room="grow"), able))
    shown = [(one.batch_size, one.accumulation, one.gradient_checkpointing, one.when_room) for one in rungs]
    assert shown == [(6, 2, False, "keep"), (6, 2, True, "keep")]


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Let updates of more than one row, and validations of more than two, run out of memory."""
    tried: list[tuple[str, int]] = []
    update, validate = canary._update, canary._validate

    def small_update(trainer: Any, layout: TrainOptions) -> None:
        tried.append(("update", layout.batch_size))
        if layout.batch_size > 1:
            raise MemoryError
        update(trainer, layout)

    def small_validation(trainer: Any, batch_size: int) -> None:
        tried.append(("validate", batch_size))
        if batch_size > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        validate(trainer, batch_size)

    monkeypatch.setattr(canary, "_update", small_update)
    monkeypatch.setattr(canary, "_validate", small_validation)
    return tried


def test_what_does_not_fit_is_adapted_and_learns_as_many_rows(
    tiny_model: Path, tmp_path: Path, scarce: list[tuple[str, int]]
) -> None:
    task = training(tiny_model, tmp_path, canary="always", evaluation_batch_size=8)
    found, told = events_of(task)
    updates, validations = [("update", size) for size in (4, 2, 1)], [("validate", size) for size in (8, 4, 2)]
    assert scarce == updates + validations
    assert told["canary"]["layout"] == {"batch_size": 1, "accumulation": 4, "evaluation_batch_size": 2}
    assert found["steps"] == 6


def test_an_adapted_training_resumes_as_it_was_laid_out(
    tiny_model: Path, tmp_path: Path, scarce: list[tuple[str, int]]
) -> None:
    whole = training(tiny_model, tmp_path / "whole", canary="always")
    expected, _ = events_of(whole)
    task = training(tiny_model, tmp_path / "stopped", canary="always")

    def stop(event: str, /, **values: Any) -> None:
        if event == "loss" and values["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(task, ROWS, ROWS[:4], silent, stop)
    assert train(task, ROWS, ROWS[:4], silent, ignore)["loss"] == expected["loss"]
    assert weights(task.adapter) == weights(whole.adapter)


def test_a_validation_that_is_tried_again_leaves_the_peak_of_the_training(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scarce: list[tuple[str, int]]
) -> None:
    grown = {"now": 0}
    update, validate = canary._update, canary._validate

    def large(trainer: Any, layout: TrainOptions) -> None:
        grown["now"] = 900
        update(trainer, layout)

    def small(trainer: Any, batch_size: int) -> None:
        grown["now"] = max(grown["now"], 100)
        validate(trainer, batch_size)

    monkeypatch.setattr(canary, "_update", large)
    monkeypatch.setattr(canary, "_validate", small)
    monkeypatch.setattr(PeakMemory, "restart", lambda _: grown.update(now=0))
    monkeypatch.setattr(PeakMemory, "peak_bytes", lambda _: grown["now"])
    task = training(tiny_model, tmp_path, canary="always", batch_size=1, evaluation_batch_size=8)
    _, told = events_of(task)
    assert ("validate", 8) in scarce
    assert told["canary"]["peak_memory_bytes"] == 900


def of_sizes(monkeypatch: pytest.MonkeyPatch, gib_per_row: float) -> list[int]:
    """Let each row of an update take so much memory; return the batches that are tried."""
    tried: list[int] = []
    update = canary._update

    def counted(trainer: Any, layout: TrainOptions) -> None:
        tried.append(layout.batch_size)
        update(trainer, layout)

    monkeypatch.setattr(canary, "_update", counted)
    monkeypatch.setattr(PeakMemory, "peak_bytes", lambda _: round(gib_per_row * tried[-1] * 2**30) if tried else 0)
    return tried


@pytest.mark.parametrize(
    ("gib", "batch", "tried"), [(64, 4, [1, 2, 4]), (5, 2, [1, 2]), (3, 1, [1])], ids=["roomy", "middling", "tight"]
)
def test_batches_grow_where_there_is_room_and_learn_the_same_rows(
    gib: int, batch: int, tried: list[int], tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"batch_size": 1, "accumulation": 4, "method_options": method_module("lora").Options(rank=4, dropout=0)}
    expected, _ = events_of(training(tiny_model, tmp_path / "plain", canary="never", **plain))
    seen = of_sizes(monkeypatch, 1)
    monkeypatch.setattr("ftadvisor.executors.canary.device_bytes", lambda: gib * 2**30)
    found, told = events_of(training(tiny_model, tmp_path, canary="always", when_room="grow", **plain))
    assert seen == tried
    grown = {} if batch == 1 else {"batch_size": batch, "accumulation": 4 // batch}
    assert told["canary"]["layout"] == grown
    assert [loss for _, loss in found["loss"]] == pytest.approx([loss for _, loss in expected["loss"]], rel=1e-4)


def test_a_batch_that_the_user_set_does_not_grow(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = of_sizes(monkeypatch, 0.01)
    events_of(training(tiny_model, tmp_path, canary="always", batch_size=1, accumulation=4))
    assert seen == [1]


def test_a_batch_that_grew_too_large_is_taken_back(
    tiny_model: Path, tmp_path: Path, scarce: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftadvisor.executors.canary.device_bytes", lambda: 2**50)
    task = training(tiny_model, tmp_path, canary="always", when_room="grow", batch_size=1, accumulation=4)
    _, told = events_of(task)
    assert [size for kind, size in scarce if kind == "update"] == [1, 2]
    assert "batch_size" not in told["canary"]["layout"]


def test_the_memory_of_a_batch_that_is_taken_back_is_not_the_trainings(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = {"now": 0}

    def large(trainer: Any, layout: TrainOptions) -> None:
        grown["now"] = 100 * layout.batch_size
        if layout.batch_size > 1:
            raise MemoryError

    monkeypatch.setattr(canary, "_update", large)
    monkeypatch.setattr(PeakMemory, "restart", lambda _: grown.update(now=0))
    monkeypatch.setattr(PeakMemory, "peak_bytes", lambda _: grown["now"])
    monkeypatch.setattr("ftadvisor.executors.canary.device_bytes", lambda: 2**50)
    task = training(tiny_model, tmp_path, canary="always", when_room="grow", batch_size=1, accumulation=4)
    found, told = events_of(task)
    assert told["canary"]["peak_memory_bytes"] == 100
    assert found["peak_memory_bytes"] < 200


@pytest.mark.usefixtures("scarce")
def test_refusing_is_said_with_what_else_would_help(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1 layouts were tried") as error:
        events_of(training(tiny_model, tmp_path, canary="always", when_too_large="refuse"))
    assert "max_length" in error.value.hint


def test_a_limit_of_memory_is_kept(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PeakMemory, "peak_bytes", lambda _: 3 * 2**30)
    events_of(training(tiny_model, tmp_path / "fits", memory_limit_gib=3))
    with pytest.raises(UserError, match="needs 3\\.00 GiB, and the limit is 2\\.50 GiB"):
        events_of(training(tiny_model, tmp_path, memory_limit_gib=2.5))


def test_what_no_layout_makes_fit_is_refused_before_the_model_is_loaded(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftadvisor.executors.train.load_model", lambda *_: pytest.fail("loaded"))
    with pytest.raises(UserError, match="the limit is 0\\.00 GiB"):
        events_of(training(tiny_model, tmp_path, memory_limit_gib=1e-6))


@pytest.mark.skipif(device().type == "cuda", reason="it works here")
def test_an_optimizer_that_does_not_work_here_is_refused_before_loading(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="adamw_8bit works on CUDA"):
        events_of(training(tiny_model, tmp_path, optimizer="adamw_8bit"))


def test_a_layout_is_chosen_by_its_estimate_and_kept_for_the_next_attempt(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftadvisor.executors.train.least_memory", lambda asked: asked.batch * 2**40)
    monkeypatch.setattr("ftadvisor.executors.laying_out.device_bytes", lambda: 2**41)
    found, told = events_of(training(tiny_model, tmp_path))
    assert told["canary"]["layout"] == {"batch_size": 2, "accumulation": 2}
    assert found["steps"] == 6
    monkeypatch.setattr("ftadvisor.executors.laying_out.device_bytes", lambda: 2**45)
    again, _ = events_of(training(tiny_model, tmp_path))
    assert again["loss"] == found["loss"]
    assert again["canary"] == found["canary"]


def stopped(task: Any, after: int) -> None:
    def stop(event: str, /, **values: Any) -> None:
        if event == "loss" and values["step"] == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(task, ROWS, ROWS[:4], silent, stop)


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the device have room for batches of two."""
    monkeypatch.setattr("ftadvisor.executors.train.least_memory", lambda asked: asked.batch * 2**40)
    monkeypatch.setattr("ftadvisor.executors.laying_out.device_bytes", lambda: 2**41)


def test_a_training_that_began_goes_on_as_planned_or_says_why_not(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = training(tiny_model, tmp_path)
    stopped(task, after=3)
    with monkeypatch.context() as smaller:
        shrink(smaller)
        smaller.setattr("ftadvisor.executors.train.load_model", lambda *_: pytest.fail("loaded"))
        with pytest.raises(UserError, match=r"batch_size: 4, accumulation: 1.* takes 4096.00 GiB.* 2048.00 GiB"):
            train(task, ROWS, ROWS[:4], silent, ignore)
    whole, _ = events_of(training(tiny_model, tmp_path / "whole"))
    assert train(task, ROWS, ROWS[:4], silent, ignore)["loss"] == whole["loss"]


def test_a_training_without_a_checkpoint_may_be_laid_out_anew(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = training(tiny_model, tmp_path)
    stopped(task, after=1)
    shrink(monkeypatch)
    assert train(task, ROWS, ROWS[:4], silent, ignore)["canary"]["layout"] == {"batch_size": 2, "accumulation": 2}


def test_other_errors_are_not_taken_for_lack_of_memory(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(canary, "_update", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        events_of(training(tiny_model, tmp_path, canary="always"))


def test_too_little_room_on_the_disk_is_said_before_training(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(UserError, match="disk"):
        events_of(training(tiny_model, tmp_path, canary="always"))
