"""The errors that people are meant to see."""


class UserError(Exception):
    """Say what was wrong with the input, and what to do next; shown without a traceback.

    Args:
        message: What was wrong, with the value, and what is allowed instead.
        hint: The next command or change to try; empty when the message says it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RefusedError(UserError):
    """Say that the system refused, as a full disk does: the input was right, and the work failed."""
