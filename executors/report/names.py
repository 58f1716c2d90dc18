"""Names of arms and metrics as people read them."""

from ...knowledge.messages import current_language, say

NUMBERS = frozenset({"perplexity"})
"""Metrics that are no share of 1; they stand in tables, and not in pictures of shares."""


def arm_name(arm: str) -> str:
    """Return the name of a way to answer."""
    return _known(f"report.arm.{arm}", arm)


def metric_name(metric: str) -> str:
    """Return the name of a metric; a field that the user named keeps that name."""
    return _known(f"report.metric.{metric}", metric)


def field_name(field: str) -> str:
    """Return the name of a piece of an answer; one that the user named keeps that name."""
    return _known(f"report.field.{field}", field)


def listed(names: list[str]) -> str:
    """Return names in quotes, one after the other."""
    quoted = [f"“{name}”" for name in names]
    return ("、" if current_language() == "zh" else ", ").join(quoted)


def _known(key: str, otherwise: str) -> str:
    try:
        return say(key)
    except KeyError:
        return otherwise
