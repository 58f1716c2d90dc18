"""The first updates have no gradient at all: nothing that is trained has a part in the loss."""

from typing import Any

from ..guard import Log

UPDATES = 3


def look(log: Log, /) -> dict[str, Any] | None:
    """Look at the first updates."""
    first = log.gradients[:UPDATES]
    return {"count": UPDATES} if len(first) == UPDATES and not any(first) else None
