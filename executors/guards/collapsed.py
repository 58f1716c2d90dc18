"""The model has broken down: its gradient is gone, or it never learnt and shows what too high a rate does."""

from statistics import median
from typing import Any

from ..guard import WINDOW, Log
from .diverging import FITTED
from .flat import LEARNT

EXPLAINS = ("diverging", "flat", "overfitting")
"""Guards that need not speak then: what they would advise may be the opposite."""

GONE = 3
"""Updates in a row without any gradient, where there was some before."""

FIRST = 3
"""Updates whose median says where the loss began; a single one may be odd."""

NEVER_LEARNT, NO_LOWER = 0.7, 0.9
"""Shares of the first loss: what no mean has ever been below, and what the last one is not below."""

SHOT_UP = 3.0
"""Times the first loss."""

EXPLODED = 100.0
"""Times the first gradients; while something is learnt they grow by less."""

HIGHEST_RATE = 0.1
"""Adam moves each weight by about the rate; no method here learns well with more."""


def look(log: Log, /) -> dict[str, Any] | None:
    """Look for a gradient that is gone at once, and for the other signs once the rate has been at its height."""
    seen = len(log.losses)
    size = max(1, min(WINDOW, seen // 3))
    means = [log.mean(end, size) for end in range(size, seen + 1)]
    first, now = median(loss for _, loss in log.losses[:FIRST]), means[-1]
    began = first * (FITTED if log.fitted else 1)
    told = began > 0 and seen >= 2 * FIRST and seen >= min(3 * WINDOW, 0.6 * log.updates)
    learnt = now < NO_LOWER * began or min(means) < NEVER_LEARNT * began
    if now < LEARNT or not (_is_gone(log.gradients) or (told and not learnt and _is_torn(log, max(means) / began))):
        return None
    return {
        "first": f"{first:.3g}",
        "highest": f"{max(loss for _, loss in log.losses):.3g}",
        "now": f"{now:.3g}",
        "rate": f"{log.learning_rate:g}",
    }


def _is_gone(gradients: list[float]) -> bool:
    return len(gradients) > GONE and any(gradients) and not any(gradients[-GONE:])


def _is_torn(log: Log, grown: float) -> bool:
    early, late = log.gradients[:FIRST], log.gradients[-WINDOW:]
    exploded = bool(early) and median(late) > EXPLODED * median(early)
    return grown > SHOT_UP or exploded or log.learning_rate >= HIGHEST_RATE
