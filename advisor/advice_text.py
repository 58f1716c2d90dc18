"""The recommendation as lines for people, as the session shows it."""

from .recommendation import Recommendation


def advice_lines(advice: Recommendation) -> list[str]:
    """Return the recommendation with its reasons, one line each."""
    return [advice.label, *(f"- {reason.text}" for reason in advice.reasons)]
