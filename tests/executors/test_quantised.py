"""Methods beside layers of 8 and 4 bits, where the rest of the model is in 16, as on a GPU."""

from pathlib import Path

import pytest
from ftadvisor.executors.adapters import load_adapted
from ftadvisor.executors.method import method_module
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.train import train
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
