"""How long work tells whoever is watching how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Receive the state of a piece of work.

    Args:
        label: What is being done, in the user's language.
        done: Units finished so far.
        total: Units in all, or None when unknown.
    """

    def __call__(self, label: str, done: float, total: float | None, /) -> None:
        """Take notice of the state."""


def silent(label: str, done: float, total: float | None, /) -> None:
    """Ignore progress; for callers that show none."""
