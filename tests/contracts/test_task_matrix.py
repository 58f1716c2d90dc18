"""Every method on every task with every family of models: a cell runs and keeps all promises, or is refused by name.

What a running cell promises: the loss falls; each parameter that is said to be trained gets a gradient and changes, and
nothing else does; the estimator counts the same; what was saved gives the same outputs; a training that goes on after a
stop ends as the undisturbed one; bfloat16 works, and recomputed activations do or are refused.
"""

import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.executors import train as training_module
from ftadvisor.executors.adapters import load_adapted
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.losses import validation_loss
from ftadvisor.executors.method import method_ids, method_module
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Prompt
from ftadvisor.executors.task import task_class, task_ids
from ftadvisor.executors.train import Training, train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("peft", reason="needs the train extra")

KINDS = ("bert", "roberta", "llama", "qwen2", "t5")
ENCODERS = ("bert", "roberta", "first_bert")
CELLS = [*product(task_ids(), method_ids(), KINDS)]
SENTENCES = [("sequence_classification", method, "sentence") for method in method_ids()]
"""A sentence encoder has a head of its own for classes, on the vector that it gives of a text."""

FIRST_BERTS = [("masked_lm", method, "first_bert") for method in ("full", "lora")]
"""A BERT that was saved with a second head, for pairs of sentences, loses it where it goes on filling gaps."""

RUN = CELLS + SENTENCES + FIRST_BERTS

WORDS = ("red", "blue", "七天")
ROWS: dict[str, list[dict[str, Any]]] = {
    "causal_lm": [{"question": f"say {word} {number}", "answer": word} for number in range(3) for word in WORDS],
    "continued_pretraining": [{"text": f"{word} is {word}, {number}"} for number in range(5) for word in WORDS],
    "masked_lm": [{"text": f"{word} is {word}, {number}"} for number in range(5) for word in WORDS],
    "question_answering": [
        {"question": "where?", "context": f"it is {how} in {place} now", "answer": place}
        for how in ("hot", "wet")
        for place in ("Rome", "Oslo", "Ulm", "Kyiv")
    ],
    "seq2seq": [{"prompt": f"say {word} {number}", "completion": word} for number in range(3) for word in WORDS],
    "sequence_classification": [
        {"text": f"{word} {number} " * (1 + number % 2), "label": label}
        for number in range(3)
        for word, label in zip(WORDS, "abc", strict=True)
    ],
    "token_classification": [
        {"tokens": ["Ann", "sees", who, "in", place], "tags": ["B-P", "O", "B-P" if who == "Bo" else "O", "O", "B-L"]}
        for who in ("Bo", "it")
        for place in ("Rome", "Oslo", "Ulm", "Kyiv")
    ],
}
TASK_OPTIONS: dict[str, dict[str, Any]] = {
    "continued_pretraining": {"block": 16},
    "masked_lm": {"block": 16, "whole_words": True},
}
METHOD_OPTIONS: dict[str, dict[str, Any]] = {
    "adalora": {"rank": 4, "target_rank": 2},
    "adapter": {"bottleneck": 4},
    "lora": {"rank": 4, "dropout": 0.1},
    "qlora": {"rank": 4},
    "p_tuning": {"virtual_tokens": 4, "encoder_width": 8},
    "p_tuning_v2": {"virtual_tokens": 4},
    "prefix_tuning": {"virtual_tokens": 4, "encoder_width": 8},
    "prompt_tuning": {"virtual_tokens": 4},
}
RATES = {"full": 3e-3, "ia3": 3e-2}
EPOCHS = {"p_tuning_v2": 6, "prefix_tuning": 6}
"""Passes over the rows; a prefix moves a model of this size slowly."""
CHECKED = 4
"""Updates between validations; there are twice as many in all, or more."""


def refusal(task: str, method: str, kind: str) -> str | None:
    """Return the alternative that has to be named, or None where the cell has to run."""
    if task in {"causal_lm", "continued_pretraining"} and kind not in {"llama", "qwen2"}:
        return "seq2seq"  # encoders cannot write; T5 reads the whole first
    if task == "masked_lm" and kind not in ENCODERS:
        return "seq2seq" if kind == "t5" else "continued_pretraining"
    if task == "seq2seq" and kind != "t5":
        return "causal_lm"
    if method == "bitfit" and kind in {"llama", "t5"}:
        return "ia3"  # no biases
    if method in {"p_tuning_v2", "prefix_tuning"} and (kind, task) == ("t5", "token_classification"):
        return "prompt_tuning"  # T5's encoder keeps no keys and values
    return None


def test_few_cells_are_refused() -> None:
    refused = [cell for cell in CELLS if refusal(*cell)]
    assert len(CELLS) == len(method_ids()) * len(task_ids()) * len(KINDS) == 385
    by_task = [cell for cell in refused if cell[0] in {"causal_lm", "continued_pretraining", "masked_lm", "seq2seq"}]
    assert len(by_task) == 33 + 33 + 33 + 44 + 3  # and BitFit on Llama, twice, and on T5
    assert len(refused) - len(by_task) == 6 + 2  # BitFit on two models, prefixes on one


@dataclass
class Spied:
    """What was seen of a training from inside."""

    model: Any = None
    task: Any = None
    examples: Any = None
    padding: int = 0
    request: Any = None
    first_loss: float = 0.0
    start: dict[str, Any] = field(default_factory=dict)
    trained: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> Spied:
    """Look into trainings: parameters before, and which of them get a gradient that is not zero."""
    seen = Spied()
    make, ask = training_module.make_trainer, training_module.request_of

    def make_trainer(model: Any, task: Any, padding: int, rows: Any, *others: Any) -> Any:
        seen.model, seen.task, seen.examples, seen.padding = model, task, rows, padding
        seen.start = {name: value.detach().clone() for name, value in model.named_parameters()}
        seen.trained = {name for name, value in model.named_parameters() if value.requires_grad}
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.register_hook(lambda found, name=name: seen.reached.update({name} if found.any() else ()))
        seen.first_loss = validation_loss(task, model, padding, rows, 4)
        return make(model, task, padding, rows, *others)

    def request_of(*given: Any) -> Any:
        seen.request = ask(*given)
        return seen.request

    monkeypatch.setattr(training_module, "make_trainer", make_trainer)
    monkeypatch.setattr(training_module, "request_of", request_of)
    return seen


def training(task: str, method: str, model: Path, folder: Path, **options: Any) -> tuple[Training, list[Any]]:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS[task]), encoding="utf-8")
    kind, module = task_class(task), method_module(method)
    rows = list(kind.read(path, Prompt()))
    values = {
        "epochs": EPOCHS.get(method, 3),
        "batch_size": 4,
        "evaluation_batch_size": 4,  # as the first loss is measured: a batch of masked_lm decides its own gaps
        "learning_rate": RATES.get(method, 1e-2),
        "validate_every": CHECKED,
    }
    found = Training(
        name="cell",
        base=ModelSource(source=str(model)),
        method=method,
        method_options=module.Options(**METHOD_OPTIONS.get(method, {})),
        options=TrainOptions(**values | options),
        seed=17,
        max_length=None,
        leave_out_longer=False,
        adapter=folder / "adapter",
        checkpoints=folder / "checkpoints",
        task=task,
        task_options=kind.Options(**TASK_OPTIONS.get(task, {})),
        known=kind.study(rows, path),
    )
    return found, rows


def losses_of(wanted: Training, rows: list[Any], stop_after: int) -> list[float]:
    """Train until some update, then stop as by Ctrl-C; return the losses until then."""
    losses: list[float] = []

    def stop(name: str, /, **values: Any) -> None:
        if name == "loss":
            losses.append(values["loss"])
            if values["step"] == stop_after:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(wanted, rows, rows, silent, stop)
    return losses


def ignore(name: str, /, **values: Any) -> None:
    """Take no notice."""


def said(model: Any, seen: Spied) -> Any:
    """Return everything that a model says of the rows."""
    batch = seen.task.collate(seen.examples[:4], seen.padding)
    model.eval()
    with torch.no_grad():
        if hasattr(seen.task, "logits"):
            return seen.task.logits(model, batch)
        return seen.task.loss(model, batch)[0]


@pytest.fixture(scope="module", autouse=True)
def frozen() -> Iterator[None]:
    """Keep what the libraries hold out of each training's search for garbage, which takes a fifth of the time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(("task", "method", "kind"), RUN, ids=["-".join(cell) for cell in RUN])
def test_cell(
    task: str,
    method: str,
    kind: str,
    tiny_of: Callable[[str], Path],
    tmp_path: Path,
    spied: Spied,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted, rows = training(task, method, tiny_of(kind), tmp_path)
    if (instead := refusal(task, method, kind)) is not None:
        monkeypatch.setattr(training_module, "load_model", None)  # nothing is loaded
        with pytest.raises(UserError) as error:
            train(wanted, rows, rows, silent, ignore)
        assert instead in error.value.hint
        return
    result = train(wanted, rows, rows, silent, ignore)
    monkeypatch.setattr(training_module, "refuse_impossible", lambda *_: None)  # seen already; the same below
    check_parameters(spied)
    assert min(loss for _, loss in result["validation_loss"]) < spied.first_loss
    counted = estimate(spied.request.model_copy(update={"device": "cuda"}))
    assert counted.trainable_parameters == result["trainable_parameters"]
    # equal but for rounding: AdaLoRA leaves out the ranks that it took away
    torch.testing.assert_close(
        said(load_adapted(wanted.base, wanted.adapter), spied), said(spied.model, spied), rtol=1e-5, atol=1e-6
    )
    check_resuming(wanted, rows, result, tmp_path)
    check_precisions(wanted, rows, result["loss"], tmp_path)


def check_parameters(seen: Spied) -> None:
    """Every trained parameter has had a gradient and is another one now; all others are what they were."""
    now = dict(seen.model.named_parameters())
    changed = {name for name, before in seen.start.items() if not torch.equal(before, now[name])}
    emptied = {name for name, value in now.items() if ".lora_E." in name and not value.any()}
    assert seen.reached == seen.trained
    assert changed | emptied == seen.trained  # AdaLoRA may take all rank from a layer: back to the zeros it began with


def check_resuming(wanted: Training, rows: list[Any], result: dict[str, Any], folder: Path) -> None:
    """A training that was stopped goes on to the same end."""
    again = replace(wanted, adapter=folder / "again" / "adapter", checkpoints=folder / "again" / "checkpoints")
    losses_of(again, rows, CHECKED + 1)
    resumed = train(again, rows, rows, silent, ignore)
    assert resumed["loss"] == result["loss"]
    assert resumed["validation_loss"] == result["validation_loss"]
    assert weights(again.adapter) == weights(wanted.adapter)


def check_precisions(wanted: Training, rows: list[Any], losses: list[Any], folder: Path) -> None:
    """Half precision is near, recomputed activations are the same or are refused before anything is loaded."""
    plain = [loss for _, loss in losses]
    changes = {"bfloat16": {"precision": "bfloat16"}, "recomputing": {"gradient_checkpointing": True}}
    for name, change in changes.items():
        options = wanted.options.model_copy(update=change)
        other = replace(wanted, options=options, adapter=folder / name / "a", checkpoints=folder / name / "c")
        if name == "recomputing" and not method_module(wanted.method).CHECKPOINTING:
            with pytest.raises(UserError, match="gradient_checkpointing"):
                train(other, rows, rows, silent, ignore)
        else:
            found = losses_of(other, rows, 2)
            assert found == pytest.approx(plain[:2], rel=1e-4 if name == "recomputing" else 0.1)


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
