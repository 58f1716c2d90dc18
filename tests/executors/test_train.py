import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ftadvisor.executors.data import Conversation, Turn
from ftadvisor.executors.estimate.methods.find import method_names, weights_of
from ftadvisor.executors.imbalance import ClassLossOptions
from ftadvisor.executors.labelled import LabelledRow
from ftadvisor.executors.method import keeps_float32, method_ids, method_module
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.refusals import refuse_unmade_kernels
from ftadvisor.executors.task import task_class
from ftadvisor.executors.tasks.token_classification import TaggedRow
from ftadvisor.executors.train import Training, _base, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

ROWS = [
    Conversation(
        line=number + 1,
        id=str(number),
        messages=(
            Turn(role="user", content=f"Which colour has thing {number}? " * (1 + number % 3)),
            Turn(role="assistant", content=["It is blue.", "It is red.", "七天"][number % 3]),
        ),
    )
    for number in range(12)
]


def ignore(event: str, /, **values: Any) -> None:
    """Take no notice."""


def training(model: Path, folder: Path, **changes: Any) -> Training:
    options = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "validate_every": 2}
    named = {name: changes.pop(name) for name in list(changes) if name in TrainOptions.model_fields}
    values: dict[str, Any] = {
        "name": "test",
        "base": ModelSource(source=str(model)),
        "method": "lora",
        "method_options": method_module("lora").Options(rank=4, dropout=0.1),
        "seed": 17,
        "max_length": None,
        "leave_out_longer": False,
        "adapter": folder / "adapter",
        "checkpoints": folder / "checkpoints",
    }
    return Training(**values | {"options": TrainOptions(**options | named)} | changes)


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.safetensors")}


@pytest.fixture(scope="module")
def undisturbed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what an undisturbed training measures, and its adapter."""
    task = training(tiny_model, tmp_path_factory.mktemp("undisturbed"))
    return train(task, ROWS, ROWS[:4], silent, ignore), weights(task.adapter)


def test_same_seed_same_adapter_and_another_seed_another(
    tiny_model: Path, tmp_path: Path, undisturbed: tuple[dict[str, Any], dict[str, bytes]]
) -> None:
    again = training(tiny_model, tmp_path / "a")
    assert train(again, ROWS, ROWS[:4], silent, ignore)["loss"] == undisturbed[0]["loss"]
    assert weights(again.adapter) == undisturbed[1]
    other = training(tiny_model, tmp_path / "b", seed=18)
    train(other, ROWS, ROWS[:4], silent, ignore)
    assert weights(other.adapter) != undisturbed[1]


def test_result_tells_what_the_report_needs(undisturbed: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    result, _ = undisturbed
    assert (result["name"], result["method"], result["steps"], result["rows"]) == ("test", "lora", 6, 12)
    assert [step for step, _ in result["loss"]] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in result["validation_loss"]] == [2, 4, 6]
    assert 0 < result["trainable_parameters"] < result["total_parameters"]
    assert result["seconds"] > 0
    assert result["tokens_per_second"] > 0
    assert result["peak_memory_bytes"] > 0


def test_checkpoints_of_other_data_are_not_resumed(tiny_model: Path, tmp_path: Path) -> None:
    def stop(event: str, /, **values: Any) -> None:
        if event == "loss" and values["step"] == 3:
            raise KeyboardInterrupt

    task = training(tiny_model, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(task, ROWS, ROWS[:4], silent, stop)
    steps: list[int] = []

    def note(event: str, /, **values: Any) -> None:
        if event == "loss":
            steps.append(values["step"])

    train(task, ROWS[:8], ROWS[:4], silent, note)
    assert steps[0] == 1


def test_stops_early_and_keeps_the_best(tiny_model: Path, tmp_path: Path) -> None:
    wrong = [
        row.model_copy(update={"messages": (row.messages[0], Turn(role="assistant", content="!?#"))}) for row in ROWS
    ]
    task = training(tiny_model, tmp_path, epochs=40, patience=2, validate_every=1)
    result = train(task, ROWS, wrong[:4], silent, ignore)
    losses = [loss for _, loss in result["validation_loss"]]
    assert len(losses) < 120
    assert result["best_step"] == 1 + losses.index(min(losses)) == result["steps"] - 2


def test_rows_that_are_too_long_are_named_or_left_out(tiny_model: Path, tmp_path: Path, english: None) -> None:
    with pytest.raises(UserError) as error:
        train(training(tiny_model, tmp_path, max_length=30), ROWS, [], silent, ignore)
    assert "lines 2, 3, 5, 6" in error.value.message
    assert "too_long" in error.value.hint
    result = train(training(tiny_model, tmp_path, max_length=30, leave_out_longer=True), ROWS, [], silent, ignore)
    assert result["rows"] == 4
    assert [one["text"] for one in result["advice"] if one["kind"] == "left_out"] == [
        "8 of 12 rows to learn from are longer than 30 tokens and were left out (too_long: leave_out)"
    ]


def test_divergence_is_told_with_the_learning_rate(tiny_model: Path, tmp_path: Path, english: None) -> None:
    with pytest.raises(UserError, match="diverged") as error:
        train(training(tiny_model, tmp_path, learning_rate=1e30, epochs=5), ROWS, [], silent, ignore)
    assert "1e+30" in error.value.hint


def test_progress_counts_steps_and_events_carry_losses(tiny_model: Path, tmp_path: Path) -> None:
    labels, events = [], []
    train(
        training(tiny_model, tmp_path),
        ROWS,
        ROWS[:4],
        lambda label, done, total: labels.append((label, done, total)),
        lambda event, /, **values: events.append((event, values["name"])),
    )
    assert [(done, total) for _, done, total in labels if total] == [(step, 6) for step in range(1, 7)]
    assert events.count(("loss", "test")) == 6
    assert events.count(("validation_loss", "test")) == 3


@pytest.mark.parametrize(("method", "weights"), [("full", "float32"), ("bitfit", "float32"), ("lora", "auto")])
def test_weights_that_are_trained_are_kept_in_float32_unless_the_plan_says_otherwise(
    method: str, weights: str, tmp_path: Path
) -> None:
    module = method_module(method)
    task = training(tmp_path, tmp_path, method=method, method_options=module.Options())
    assert _base(task, module).dtype == weights
    named = replace(task, base=ModelSource(source=str(tmp_path), dtype="bfloat16"))
    assert _base(named, module).dtype == "bfloat16"
    exact = replace(task, options=task.options.model_copy(update={"precision": "float32"}))
    assert _base(exact, module).dtype == "float32"  # bfloat16 weights would compute in bfloat16 all the same


def test_the_trainer_keeps_weights_as_the_estimator_counts_them() -> None:
    for method in method_ids():
        assert keeps_float32(method_module(method)) == (weights_of(method) == "fp32"), method


def test_a_method_that_cannot_be_estimated_has_a_base(tmp_path: Path) -> None:
    assert "novel" not in method_names()
    task = training(tmp_path, tmp_path, method="novel")
    assert _base(task, method_module("lora")).dtype == "auto"


@pytest.mark.parametrize(("kind", "readable"), [("bert", False), ("llama", True)])
def test_rows_are_no_longer_than_a_table_of_positions(
    kind: str, readable: bool, tiny_of: Callable[[str], Path], tmp_path: Path, english: None
) -> None:
    rows = [LabelledRow(line=1, text="word " * 1000, labels=("a",)), LabelledRow(line=2, text="word", labels=("b",))]
    module = task_class("sequence_classification")
    told = {"task": "sequence_classification", "task_options": module.Options(), "known": module.study(rows, tmp_path)}
    task = training(tiny_of(kind), tmp_path, max_length=6000, epochs=1, **told)
    if readable:
        assert train(task, rows, [], silent, ignore)["steps"] == 1
        return
    with pytest.raises(UserError, match="longest"):
        train(task, rows, [], silent, ignore)


def test_an_update_without_any_label_is_no_divergence(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    known = {"tags": {"B-LOC": 3, "O": 6}, "rows": 3}
    names = [TaggedRow(line, ("Ann", "in", place), ("O", "O", "B-LOC")) for line, place in enumerate(("Rome", "Oslo"))]
    strange = TaggedRow(3, ("a", "row", "of", "other", "tags"), ("X",) * 5)  # the longest, so that it is tried as well
    changes: dict[str, Any] = {"task": "token_classification", "known": known}
    for loss in ("plain", "soft_f1"):
        changes["task_options"] = ClassLossOptions(loss=loss)  # type: ignore[arg-type]
        task = training(tiny_of("bert"), tmp_path / loss, batch_size=1, canary="always", **changes)
        found = train(task, [*names, strange], [], silent, ignore)
        losses = [value for _, value in found["loss"]]  # type: ignore[union-attr]
        assert len(losses) == found["steps"] == 6
        assert losses.count(0.0) == 2


def test_kernels_for_a_gpu_are_refused_without_one(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="liger-kernel") as refusal:
        train(training(tiny_model, tmp_path, kernels="liger"), ROWS, [], silent, ignore)
    assert "kernels: standard" in (refusal.value.hint or "")


def test_kernels_that_are_not_made_for_a_model_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library applies none to other models, and says so nowhere where a user looks."""
    made = SimpleNamespace(MODEL_TYPE_TO_APPLY_LIGER_FN={"llama": None})
    monkeypatch.setitem(sys.modules, "liger_kernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers.monkey_patch", made)
    refuse_unmade_kernels(TrainOptions(kernels="liger"), "llama")
    refuse_unmade_kernels(TrainOptions(), "bert")
    with pytest.raises(UserError, match="bert") as refusal:
        refuse_unmade_kernels(TrainOptions(kernels="liger"), "bert")
    assert refusal.value.change == {"kernels": "standard"}
