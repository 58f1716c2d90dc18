"""Two processes on a CPU (gloo) that share a model learn what one does, by each method, and go on after a stop."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import sharded_trainings
from .sharded_trainings import CASES, UPDATES, curves, task

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts processes as POSIX does")

TOLERANCE = 2e-5
"""Relative: the same sums in another order, over six updates in float32."""

NO_GRADIENT = "k_proj.bias"
"""Without rotation it moves all scores of a query alike: its gradient is rounding, made as large as any by Adam."""


@pytest.fixture(scope="module")
def models(tiny_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of models without dropout, which several processes draw otherwise than one."""
    torch = pytest.importorskip("torch", reason="needs the train extra")
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("models")
    for kind, dropout in (("t5", "dropout_rate"), ("bart", "dropout")):
        shutil.copytree(tiny_of(kind), folder / kind)
        AutoConfig.from_pretrained(folder / kind, **{dropout: 0.0}).save_pretrained(folder / kind)
    shutil.copytree(tiny_of("qwen2"), folder / "tied")
    config = AutoConfig.from_pretrained(folder / "tied", tie_word_embeddings=True)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "tied")
    return folder


@pytest.fixture(scope="module")
def shared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what two processes trained, all in one launch, as starting them takes longest."""
    folder = tmp_path_factory.mktemp("shared")
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    words = [*start, sharded_trainings.__file__, str(models), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    subprocess.run(words, env=environment, check=True, timeout=1200)
    return folder


def numbers(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next(folder.glob("*.safetensors")))


@pytest.mark.parametrize(("model", "method"), CASES)
def test_two_processes_that_share_a_model_learn_what_one_does(
    model: str, method: str, models: Path, shared: Path, tmp_path: Path
) -> None:
    alone = curves(task(models / model, tmp_path, method, batch_size=2, accumulation=2))
    together, resumed = json.loads((shared / "results.json").read_bytes())[f"{model}-{method}"]
    assert together["steps"] == alone["steps"] == UPDATES
    assert together["trainable_parameters"] == alone["trainable_parameters"]
    for name in ("loss", "validation_loss"):
        assert [step for step, _ in together[name]] == [step for step, _ in alone[name]]
        expected = pytest.approx([loss for _, loss in alone[name]], rel=TOLERANCE)
        assert [loss for _, loss in together[name]] == expected
    learnt, wanted = numbers(shared / f"{model}-{method}-whole" / "adapter"), numbers(tmp_path / "adapter")
    assert {*learnt} == {*wanted}
    for name, value in learnt.items():
        if not (model == "bart" and name.endswith(NO_GRADIENT)):
            assert (value - wanted[name]).abs().max() <= 1e-4 * wanted[name].abs().max() + 1e-6, name
    assert resumed == together
    again = numbers(shared / f"{model}-{method}-resumed" / "adapter")
    assert all((again[name] == value).all() for name, value in learnt.items())


def test_a_tied_table_is_kept_once(models: Path, shared: Path) -> None:
    learnt, before = numbers(shared / "tied-full-whole" / "adapter"), numbers(models / "tied")
    assert {*learnt} == {*before}
    assert "lm_head.weight" not in learnt
    assert not (learnt["model.embed_tokens.weight"] == before["model.embed_tokens.weight"]).all()
