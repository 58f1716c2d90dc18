"""What finished runs on this machine really took: kept line by line, to show and to correct the estimator's error."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..data_folder import data_folder
from ..events import append_event, drop_torn_line, read_events
from .request import EstimateRequest
from .result import Peak

ENOUGH = 5
"""Runs with the same method on the same kind of device, below which a range stays as it is."""
MARGIN = 0.02
"""Room beyond the smallest and the largest error seen: a handful of runs has not seen all."""
SIMILAR = 4
"""Runs up to so many times larger or smaller speak for one another; tiny runs are no guide to large ones."""
UNTOLD = frozenset({"config", "gpu", "usd_per_gpu_hour"})
"""Settings of a run that are not remembered: they say nothing about how well it was estimated."""


@dataclass(frozen=True)
class Record:
    """Tell how a kind of run was estimated before.

    Attributes:
        ratios: Measured by estimated, of each run.
    """

    ratios: tuple[float, ...]

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return len(self.ratios)

    @property
    def median_error(self) -> float:
        """Median of the errors' sizes, as a share of what was measured."""
        from statistics import median

        return median(abs(1 / ratio - 1) for ratio in self.ratios)

    @property
    def largest_error(self) -> float:
        """The largest error's size."""
        return max(abs(1 / ratio - 1) for ratio in self.ratios)

    def as_json(self) -> dict[str, float]:
        """Return the record for programs."""
        return {"runs": self.runs, "median_error": self.median_error, "largest_error": self.largest_error}


def history_file() -> Path:
    """Return the file: one JSON object per line, only ever appended to."""
    return data_folder() / "history.jsonl"


def remember(request: EstimateRequest, estimated: int, measured: int, machine: str) -> None:
    """Add a finished run; a disk that is full or not writable loses the line, never the run.

    Args:
        request: The run's settings.
        estimated: The likely peak, in bytes, of what was measured.
        measured: The measured peak.
        machine: What it ran on, such as a GPU's name.
    """
    usual = EstimateRequest(config=request.config).model_dump(mode="json")
    given = request.model_dump(mode="json")
    settings = {name: value for name, value in given.items() if name not in UNTOLD and value != usual[name]}
    values = {
        "method": request.method,
        "device": request.device,
        "machine": machine,
        "model_type": request.config["model_type"],
        "settings": settings,
        "estimated_bytes": estimated,
        "measured_bytes": measured,
    }
    with suppress(OSError):
        history_file().parent.mkdir(parents=True, exist_ok=True)
        drop_torn_line(history_file())
        append_event(history_file(), "training", values)


def record_of(request: EstimateRequest, estimated_bytes: int) -> Record | None:
    """Return how runs like this one were estimated; None where there were none.

    Like means: the same method and quantisation on the same kind of device, and a peak of about the same size.

    Args:
        request: The run.
        estimated_bytes: Its likely peak.
    """
    ratios = []
    for line in read_events(history_file()):
        settings, estimated, measured = line.get("settings"), line.get("estimated_bytes"), line.get("measured_bytes")
        if not (isinstance(settings, dict) and isinstance(estimated, int) and isinstance(measured, int)):
            continue
        same = line.get("method") == request.method and line.get("device") == request.device
        if not (same and settings.get("quant", "none") == request.quant and estimated > 0 and measured > 0):
            continue
        if 1 / SIMILAR <= estimated / estimated_bytes <= SIMILAR:
            ratios.append(measured / estimated)
    return Record(tuple(ratios)) if ratios else None


def narrowed(peak: Peak, record: Record | None, device: str) -> Peak:
    """Return the peak with the range that earlier runs support.

    On a CPU, where all that was measured is all that is estimated, the range becomes that of the errors seen, with a
    margin. On a GPU tensors alone are measured, so an error seen there can only widen the range.

    Args:
        peak: The estimate's.
        record: Earlier runs.
        device: ``cpu`` or ``cuda``.
    """
    if record is None or record.runs < ENOUGH:
        return peak
    least, most = min(record.ratios) * (1 - MARGIN), max(record.ratios) * (1 + MARGIN)
    if device == "cpu":
        low, high = sorted((int(peak.device_bytes * least), int(peak.device_bytes * most)))
        return _within(peak, low, high)
    more = max(0, int(peak.allocated_bytes * (most - 1 - MARGIN)))
    less = max(0, int(peak.allocated_bytes * (1 - least - MARGIN)))
    return _within(peak, peak.low_bytes - less, peak.high_bytes + more)


def _within(peak: Peak, low: int, high: int) -> Peak:
    likely: Sequence[int] = sorted((low, peak.device_bytes, high))
    return peak.model_copy(update={"low_bytes": low, "high_bytes": high, "device_bytes": likely[1]})
