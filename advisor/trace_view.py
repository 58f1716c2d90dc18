"""Show what every rule said to a profile, for people who want to check the advice."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..knowledge.messages import say
from ..knowledge.rule import Condition
from .rules import Verdict, holds
from .wrapping import wrap

_MARKS = {True: "✓", False: "✗", None: "?"}


def trace_lines(verdicts: Iterable[Verdict], facts: Mapping[str, Any], columns: int) -> Iterator[str]:
    """Yield every rule with the conditions that decided it; those that hold first, then the open ones."""
    yield ""
    yield wrap(say("advice.view.trace"), columns - 1)
    for verdict in sorted(verdicts, key=lambda verdict: (verdict.fires is False, verdict.fires is None)):
        rule = verdict.rule
        yield wrap(f"{rule.id}  {rule.title}", columns - 1, "    ", f"  {_MARKS[verdict.fires]} ")
        for condition in rule.when:
            fact = facts[condition.fact]
            known = say("advice.view.unknown") if fact is None else word(fact)
            text = say("advice.view.condition", condition=condition_text(condition), known=known)
            yield wrap(text, columns - 1, "        ", f"      {_MARKS[holds(condition, facts)]} ")


def trace_json(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return what every rule said, as data: ``fires`` is null where an unknown answer decides."""
    return [{"rule": verdict.rule.id, "fires": verdict.fires} for verdict in verdicts]


def condition_text(condition: Condition) -> str:
    """Return a condition in words."""
    value = condition.value
    said = ", ".join(map(word, value)) if isinstance(value, tuple) else word(value)
    return say(f"advice.op.{condition.op}", fact=condition.fact, value=said)


def word(value: object) -> str:
    """Return a value of a fact in words."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int | float) else str(value)
