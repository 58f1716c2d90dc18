"""Methods beside layers of 8 and 4 bits, where the rest of the model is in 16, as on a GPU."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ftadvisor.executors.adapters import load_adapted
from ftadvisor.executors.expected import training_request
from ftadvisor.executors.labelled import LabelledRow
from ftadvisor.executors.method import method_module
from ftadvisor.executors.models import load_model
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.task import task_class
from ftadvisor.executors.train import train
from ftadvisor.executors.train_options import TrainOptions
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

from .test_train import ROWS, ignore, training

torch = pytest.importorskip("torch", reason="needs the train extra")


@pytest.mark.parametrize(("method", "stored"), [("ia3", "int8"), ("ia3", "nf4"), ("adalora", "int8")])
def test_a_method_that_gives_float32_is_tried_trained_and_answers(
    method: str, stored: str, tiny_model: Path, tmp_path: Path
) -> None:
    base = ModelSource(source=str(tiny_model), dtype="bfloat16", quantisation=stored)  # type: ignore[arg-type]
    own = {"method": method, "method_options": method_module(method).Options(), "base": base, "epochs": 1}
    task = training(tiny_model, tmp_path, precision="bfloat16", canary="always", **own)
    result = train(task, ROWS, ROWS[:4], silent, ignore)
    assert result["canary"]["layout"] == {}
    answering = load_adapted(base, task.adapter).eval()
    rows = torch.tensor([[5, 6, 7, 8], [5, 6, 2, 2]])
    with torch.no_grad():
        said = answering(input_ids=rows, attention_mask=(rows != 2).long()).logits
    assert said.isfinite().all()


@pytest.mark.parametrize("method", ["lora", "qlora", "adapter", "ia3", "adalora"])
def test_what_is_not_quantised_is_as_wide_as_it_is_estimated(method: str, tiny_model: Path) -> None:
    base, module = ModelSource(source=str(tiny_model), dtype="bfloat16", quantisation="nf4"), method_module(method)
    model = module.attach(load_model(base), module.Options())
    known = json.loads(model.config.to_json_string(use_diff=False))
    shape = {"seq_len": 8}
    asked = training_request(known, method, module.Options(), TrainOptions(), shape, "bfloat16", "nf4", "cuda")
    assert asked is not None
    assert asked.kbit_prepare == (model.get_input_embeddings().weight.dtype == torch.float32)


@pytest.mark.usefixtures("english")
def test_masks_that_would_overflow_are_refused_before_loading(tiny_of: Callable[[str], Path], tmp_path: Path) -> None:
    """DeBERTa's are as wide as its queries, which are float32 beside quantised layers, and its scores bfloat16."""
    model, kind = tiny_of("deberta-v2"), task_class("sequence_classification")
    rows = [LabelledRow(line=number, text=f"it is {number}", labels=("ab"[number % 2],)) for number in range(1, 9)]
    own = {"task": "sequence_classification", "task_options": kind.Options(), "known": kind.study(rows, Path("rows"))}
    own |= {"method": "qlora", "method_options": method_module("qlora").Options(), "epochs": 1}
    with pytest.raises(UserError, match="deberta-v2") as refusal:
        train(training(model, tmp_path, precision="bfloat16", **own), rows, [], silent, ignore)
    assert refusal.value.change == {"precision": "float32"}
    assert train(training(model, tmp_path, precision="float32", **own), rows, [], silent, ignore)["steps"] == 2
