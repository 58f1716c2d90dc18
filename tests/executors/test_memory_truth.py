"""The script that measures real training steps works on the processor and without a GPU says what it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra")

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "memory_truth.py"


def run(*words: str) -> str:
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_tiny_configurations_are_measured_and_recorded_once(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    shown = run("--device", "cpu", "--only", "1", "--output", str(path))
    assert "| lora | 1 | 1 |" in shown
    (line,) = map(json.loads, path.read_text().splitlines())
    assert line["config"]["model_type"] == "llama"
    assert line["peak_bytes"] > 0
    assert line["libraries"]["torch"]
    assert run("--device", "cpu", "--only", "1", "--output", str(path)) == shown
    assert len(path.read_text().splitlines()) == 1


def test_without_a_gpu_it_says_what_it_needs() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert "--device cpu" in run()
