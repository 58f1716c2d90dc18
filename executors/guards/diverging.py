"""The loss grows again, and above where it began."""

from typing import Any

from ..guard import WINDOW, Log

GROWN = 1.5
"""Times the best mean of ``WINDOW`` updates; noise of small batches stays below."""

FITTED = 5.0
"""Times the first loss of what had been fitted to the same rows: with dropout it is worse than without, and adapts."""


def look(log: Log, /) -> dict[str, Any] | None:
    """Compare the last updates with the best ones and the first ones."""
    ends = range(WINDOW, len(log.losses) + 1)
    if len(log.losses) < 3 * WINDOW:
        return None
    now, first = log.mean(len(log.losses)), log.mean(WINDOW)
    best = min(log.mean(end) for end in ends)
    if now <= GROWN * best or now <= first * (FITTED if log.fitted else 1):
        return None
    return {"best": f"{best:.3g}", "now": f"{now:.3g}", "rate": f"{log.learning_rate:g}"}
