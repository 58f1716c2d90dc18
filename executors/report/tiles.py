"""The few figures that stand large at the top of the report."""

from dataclasses import dataclass

from ...knowledge.messages import say
from ...knowledge.quantity import duration, share, size
from .names import NUMBERS, metric_name
from .record import Report


@dataclass(frozen=True)
class Tile:
    """Hold one large figure, its name, and a note below it."""

    name: str
    figure: str
    note: str


def tiles(report: Report) -> list[Tile]:
    """Return the main arm's metrics, the time of the run, and the most memory that a fine-tuning took."""
    found = [
        Tile(
            metric_name(metric),
            share(value.value),
            say("report.tile.interval", low=value.low * 100, high=value.high * 100),
        )
        for metric, value in report.metrics.get("test", {}).items()
        if metric not in NUMBERS
    ]
    seconds = sum(step.seconds for step in report.measured.steps)
    found.append(
        Tile(say("report.tile.time"), duration(seconds), say("report.tile.steps", steps=len(report.measured.steps)))
    )
    peaks = [training.peak_memory_bytes for training in report.measured.training if training.peak_memory_bytes]
    if peaks:
        found.append(Tile(say("report.tile.memory"), size(max(peaks)), say("report.tile.fine_tuning")))
    return found
