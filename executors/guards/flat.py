"""The loss does not fall: nothing is learnt, or nothing is left to learn."""

from statistics import fmean, variance
from typing import Any

from ..guard import WINDOW, Log

CERTAIN = 2.0
"""Standard errors of the difference: a fall of fewer cannot be told from the noise of batches."""

LEARNT = 0.1
"""Nats per label; where training begins below, there was little to learn."""


def look(log: Log, /) -> dict[str, Any] | None:
    """Compare the first quarter of the updates with each later one, once most of the training is over.

    What had been fitted before begins low.
    """
    seen = len(log.losses)
    if log.fitted or seen < 4 * WINDOW or seen < 0.6 * log.updates or seen - log.warmup < 2 * WINDOW:
        return None
    quarter = seen // 4
    parts = [[loss for _, loss in log.losses[start : start + quarter]] for start in range(0, 4 * quarter, quarter)]
    first = fmean(parts[0])
    if first < LEARNT or any(_differ(parts[0], part) for part in parts[1:]):
        return None
    return {"first": f"{first:.3g}", "now": f"{fmean(parts[-1]):.3g}", "rate": f"{log.learning_rate:g}"}


def _differ(early: list[float], late: list[float]) -> bool:
    error: float = ((variance(early) + variance(late)) / len(early)) ** 0.5
    return abs(fmean(early) - fmean(late)) > CERTAIN * error
