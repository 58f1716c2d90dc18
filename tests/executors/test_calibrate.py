"""Calibration measures real training steps; here on the processor, with a model small enough for a test."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from ftadvisor.executors import calibrate as module
from ftadvisor.executors.calibrate import calibrate
from ftadvisor.executors.estimate.calibration import calibration_of
from ftadvisor.executors.models import device
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

TINY: dict[str, Any] = module.LLAMA | {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 1,
    "vocab_size": 320,
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(module, "SIZES", {"cpu": TINY})
    monkeypatch.setattr(module, "SHAPES", {"cpu": (1, 16)})


@pytest.mark.skipif(device().type != "cpu", reason="training would use the accelerator")
def test_the_processor_is_measured_and_remembered(small: None) -> None:
    found = calibrate("cpu", silent)
    assert set(found.operations_per_second) == {"lora", "full"}
    for low, likely, high in found.operations_per_second.values():
        assert 0 < low <= likely <= high
    assert calibration_of("cpu") is not None


@pytest.mark.skipif(device().type == "cuda", reason="there is a GPU")
def test_without_a_gpu_it_says_what_it_needs(small: None) -> None:
    with pytest.raises(UserError) as complaint:
        calibrate("cuda", silent)
    assert "--device cpu" in complaint.value.message
