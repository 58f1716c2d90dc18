"""What was measured on this machine joins an estimate, and leaves a traced one what it is."""

from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.own_machine import on_this_machine
from ftadvisor.executors.estimate import calibration, history
from ftadvisor.executors.estimate.calibration import Calibration
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.knowledge.find import find_gpu, find_model

GPU = find_gpu("a100-80gb")
REQUEST = EstimateRequest(config=find_model("llama-2-7b").config, gpu=(GPU.id,))
SIZE = estimate(REQUEST).peak.allocated_bytes


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))


def calibrate() -> None:
    calibration.keep(Calibration(GPU.id, "2026-11-24", {"lora": (1e14, 2e14, 3e14)}, 0, {}))


def test_a_calibrated_time_makes_an_arithmetic_estimate_calibrated() -> None:
    calibrate()
    found, _ = on_this_machine(REQUEST, estimate(REQUEST))
    assert found.tier == "calibrated"


def test_a_traced_estimate_stays_exact_whatever_was_measured_here() -> None:
    calibrate()
    for _ in range(history.ENOUGH):
        history.remember(REQUEST, SIZE, SIZE * 11 // 10, "x")
    traced = estimate(REQUEST).model_copy(update={"tier": "exact"})
    found, record = on_this_machine(REQUEST, traced)
    assert found.tier == "exact"
    assert record is not None
    assert found.time != traced.time
    assert found.peak.allocated_bytes == traced.peak.allocated_bytes
    assert found.peak.high_bytes > traced.peak.high_bytes


def test_a_verdict_keeps_its_own_need_and_moves_with_the_range() -> None:
    """The trace knows for each GPU what it needs at least, which need not be the high end."""
    answer = estimate(REQUEST)
    fit = answer.fits[0].model_copy(update={"headroom_bytes": 10, "fits": True})
    answer = answer.model_copy(update={"tier": "exact", "fits": [fit]})
    unchanged, _ = on_this_machine(REQUEST, answer)
    assert unchanged.fits == [fit]
    for _ in range(history.ENOUGH):
        history.remember(REQUEST, SIZE, SIZE * 11 // 10, "x")
    moved, _ = on_this_machine(REQUEST, answer)
    assert moved.fits[0].headroom_bytes == 10 - (moved.peak.high_bytes - answer.peak.high_bytes)
    assert not moved.fits[0].fits


def test_changes_are_told_with_full_width_signs(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "7b", "--method", "lora", "--gpu", "rtx-3060-12gb", "--language", "zh"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert " GiB，" in shown
    assert " GiB, " not in shown


def test_why_there_is_no_time_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--model", "qwen2.5-0.5b", "--method", "lora", "--language", "en"]
    assert main([*words, "--device", "cpu"]) == 0
    assert "--calibrate --device cpu" in " ".join(capsys.readouterr().out.split())
    assert main(words) == 0
    assert "given with --gpu" in " ".join(capsys.readouterr().out.split())
