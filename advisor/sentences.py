"""Rules as sentences: the reason of a rule with the values of the facts that it speaks of."""

import re
from collections.abc import Mapping
from typing import Any

from ..knowledge.rule import Rule


def sentence(rule: Rule, facts: Mapping[str, Any]) -> str:
    """Return a rule's reason in the current language with facts put in."""
    return str(rule.because).format_map(_Numbers(facts))


def without_numbers(rule: Rule) -> str:
    """Return a rule's reason with ``...`` where the facts of a case would stand."""
    return re.sub(r"\{\w+\}", "...", str(rule.because))


class _Numbers(dict[str, Any]):
    """Format only the facts that a sentence names."""

    def __getitem__(self, name: str) -> str:
        return _number(super().__getitem__(name))


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "?" if value is None else str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
