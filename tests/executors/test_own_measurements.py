"""History and calibration: what this machine's own runs say about later estimates."""

import json
from pathlib import Path

import pytest
from ftadvisor.executors.estimate import calibration, history
from ftadvisor.executors.estimate.calibration import Calibration
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 320,
}
ON_CPU = EstimateRequest(config=CONFIG, device="cpu", dtype="fp32", seq_len=32, grad_checkpointing=False)
SIZE = 1000
ON_GPU = EstimateRequest(config=CONFIG, seq_len=32)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path / "ftadvisor"


def remember(request: EstimateRequest, *measured: int) -> None:
    for one in measured:
        history.remember(request, SIZE, one, "x")


def test_without_runs_there_is_no_record() -> None:
    assert history.record_of(ON_CPU, SIZE) is None


def test_the_error_of_earlier_runs_is_told() -> None:
    remember(ON_CPU, 800, 1000, 1250)
    record = history.record_of(ON_CPU, SIZE)
    assert record is not None
    assert record.runs == 3
    assert record.median_error == pytest.approx(0.2)
    assert record.largest_error == pytest.approx(0.25)


def test_few_runs_leave_the_range_as_it_is_and_enough_narrow_it() -> None:
    peak = estimate(ON_CPU).peak
    remember(ON_CPU, *[1010] * (history.ENOUGH - 1))
    assert history.narrowed(peak, history.record_of(ON_CPU, SIZE), "cpu") == peak
    remember(ON_CPU, 990)
    narrow = history.narrowed(peak, history.record_of(ON_CPU, SIZE), "cpu")
    assert peak.low_bytes < narrow.low_bytes < peak.device_bytes < narrow.high_bytes < peak.high_bytes


def test_runs_that_took_more_move_the_estimate_up() -> None:
    peak = estimate(ON_CPU).peak
    remember(ON_CPU, *[2000] * history.ENOUGH)
    moved = history.narrowed(peak, history.record_of(ON_CPU, SIZE), "cpu")
    assert moved.low_bytes > peak.device_bytes
    assert moved.low_bytes <= moved.device_bytes <= moved.high_bytes


def test_on_a_gpu_errors_only_widen() -> None:
    peak = estimate(ON_GPU).peak
    remember(ON_GPU, *[1000] * history.ENOUGH)
    assert history.narrowed(peak, history.record_of(ON_GPU, SIZE), "cuda") == peak
    remember(ON_GPU, 1500)
    wider = history.narrowed(peak, history.record_of(ON_GPU, SIZE), "cuda")
    assert wider.high_bytes > peak.high_bytes
    assert wider.device_bytes == peak.device_bytes


@pytest.mark.parametrize("other", [{"method": "full"}, {"device": "cuda"}])
def test_other_kinds_of_runs_say_nothing(other: dict[str, str]) -> None:
    remember(ON_CPU.model_copy(update=other), 900)
    assert history.record_of(ON_CPU, SIZE) is None


@pytest.mark.parametrize("times", [0.01, 100])
def test_runs_of_another_size_say_nothing(times: float) -> None:
    remember(ON_CPU, 8000, 8000)
    assert history.record_of(ON_CPU, int(SIZE * times)) is None
    assert history.record_of(ON_CPU, 2 * SIZE) is not None


def test_a_torn_or_strange_line_is_left_out(own_folder: Path) -> None:
    remember(ON_CPU, 1000)
    with history.history_file().open("a") as file:
        file.write('{"method": "lora"}\n{"method": "lo')
    remember(ON_CPU, 1000)
    record = history.record_of(ON_CPU, SIZE)
    assert record is not None
    assert record.runs == 2


def test_a_folder_that_cannot_be_written_does_not_stop_a_run(own_folder: Path) -> None:
    own_folder.write_text("in the way")
    remember(ON_CPU, 1000)
    assert history.record_of(ON_CPU, SIZE) is None


def test_a_calibration_is_kept_by_device_and_gives_times() -> None:
    for device, speed in (("cpu", 1e9), ("a100-80gb", 1e14)):
        calibration.keep(Calibration(device, "2026-11-24", {"lora": (speed / 2, speed, speed * 2)}, 0, {}))
    found = calibration.calibration_of("cpu")
    assert found is not None
    seconds = calibration.step_seconds(ON_CPU, found)
    assert seconds is not None
    low, likely, high = seconds
    assert high == pytest.approx(2 * likely) == pytest.approx(4 * low)
    twice = calibration.step_seconds(ON_CPU.model_copy(update={"batch": 2}), found)
    assert twice is not None
    assert twice[1] == pytest.approx(2 * likely)
    assert calibration.step_seconds(ON_CPU.model_copy(update={"method": "full"}), found) is None


def test_a_broken_calibration_file_counts_as_none() -> None:
    calibration.calibration_file().parent.mkdir(parents=True)
    calibration.calibration_file().write_text(json.dumps({"cpu": {"device": "cpu"}}))
    assert calibration.calibration_of("cpu") is None
