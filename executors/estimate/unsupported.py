"""The estimator's refusal: better no number than a guess."""

from ...knowledge.errors import UserError


class UnsupportedError(UserError):
    """Say why a setting cannot be estimated honestly."""
