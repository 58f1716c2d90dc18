"""Names of arms, metrics, methods and labels as people read them."""

from collections.abc import Callable

from ...knowledge.label_text import title_of, variant_title
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


def method_name(method: str) -> str:
    """Return the name of a fine-tuning method."""
    return _known(method, method, variant_title)


def label_name(label: str) -> str:
    """Return a plan's label in words; one that the user thought of stays as it is."""
    return _known(label, label, title_of)


def _known(key: str, otherwise: str, find: Callable[[str], str] = say) -> str:
    try:
        return find(key)
    except KeyError:
        return otherwise
