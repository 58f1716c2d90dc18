"""The training loss falls while the validation loss rises: rows are learnt by heart."""

from typing import Any

from ..guard import WINDOW, Log

RISEN = 1.05
"""Times the best validation loss, in the last two validations."""


def look(log: Log, /) -> dict[str, Any] | None:
    """Compare the last two validations with the best one, and the training loss of both times."""
    if len(log.validation) < 3:
        return None
    best_step, best = min(log.validation, key=lambda pair: pair[1])
    if any(loss <= RISEN * best for _, loss in log.validation[-2:]):
        return None
    then = sum(step <= best_step for step, _ in log.losses)
    if not then or log.mean(len(log.losses), min(WINDOW, len(log.losses) - then)) >= log.mean(then):
        return None
    return {"best": f"{best:.3g}", "step": best_step, "now": f"{log.validation[-1][1]:.3g}"}
