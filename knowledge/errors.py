"""The errors that people are meant to see."""

from collections.abc import Mapping


class UserError(Exception):
    """Say what was wrong with the input, and what to do next; shown without a traceback.

    Args:
        message: What was wrong, with the value, and what is allowed instead.
        hint: The next command or change to try; empty when the message says it.
        change: Options of a plan's step by name with which it would do, where that is certain; the hint says them too.
    """

    def __init__(self, message: str, hint: str = "", change: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.change = change or {}


class RefusedError(UserError):
    """Say that the system refused, as a full disk does: the input was right, and the work failed."""
