"""Evaluate the rules on a profile's facts: each one is true, false or unknown."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..knowledge.load import KnowledgeError, load
from ..knowledge.rule import Condition, Rule
from .rule_checks import problems_of
from .wiring import fields_behind

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda fact, value: bool(fact == value),
    "is_not": lambda fact, value: bool(fact != value),
    "one_of": lambda fact, value: fact in value,
    "none_of": lambda fact, value: fact not in value,
    "at_least": lambda fact, value: bool(fact >= value),
    "below": lambda fact, value: bool(fact < value),
}


class Verdict(NamedTuple):
    """Say whether a rule fires; None means that an unknown answer would decide it."""

    rule: Rule
    fires: bool | None


def judge(facts: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Return the verdict of every rule on some facts, by falling priority and then by id."""
    return tuple(Verdict(rule, fires(rule, facts)) for rule in all_rules())


def judge_again(verdicts: tuple[Verdict, ...], facts: Mapping[str, Any], field: str) -> tuple[Verdict, ...]:
    """Return the verdicts after one field has changed; the very same object when no verdict changes."""
    changed: list[Verdict] | None = None
    for place in places_of(field):
        rule = verdicts[place].rule
        if (new := fires(rule, facts)) is not verdicts[place].fires:
            changed = changed or list(verdicts)
            changed[place] = Verdict(rule, new)
    return tuple(changed) if changed else verdicts


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    """Tell whether a condition is true, false or, its fact being unknown, unknown."""
    fact = facts[condition.fact]
    return None if fact is None else _COMPARE[condition.op](fact, condition.value)


def fires(rule: Rule, facts: Mapping[str, Any]) -> bool | None:
    """Tell whether all conditions of a rule hold, in three-valued logic: one false decides, else one unknown does.

    Source: Kleene, On Notation for Ordinal Numbers, J. Symbolic Logic 3 (1938): strong logic of indeterminacy.
    """
    known: bool | None = True
    for condition in rule.when:
        truth = holds(condition, facts)
        if truth is False:
            return False
        if truth is None:
            known = None
    return known


def firing(places: Iterable[int], facts: Mapping[str, Any]) -> tuple[int, ...]:
    """Return those of some places among all rules whose rule fires; unlike ``fires``, it stops at the unknown."""
    return tuple(place for place in places if all(_true(one, facts) for one in _conditions()[place]))


def _true(condition: tuple[str, Callable[[Any, Any], bool], Any], facts: Mapping[str, Any]) -> bool:
    fact, compare, value = facts[condition[0]], condition[1], condition[2]
    return fact is not None and compare(fact, value)


@cache
def _conditions() -> tuple[tuple[tuple[str, Callable[[Any, Any], bool], Any], ...], ...]:
    return tuple(tuple((one.fact, _COMPARE[one.op], one.value) for one in rule.when) for rule in all_rules())


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return all rules by falling priority and then by id.

    Raises:
        KnowledgeError: A rule names what does not exist, can never fire, or contradicts another of the same priority.
    """
    rules = sorted(load(Rule).values(), key=lambda rule: (-rule.priority, rule.id))
    if problems := problems_of(rules):
        raise KnowledgeError("\n".join(problems))
    return tuple(rules)


@cache
def fields_of(rule_id: str) -> frozenset[str]:
    """Return the fields of the profile that decide whether a rule fires."""
    return frozenset().union(*(fields_behind(condition.fact) for condition in load(Rule)[rule_id].when))


@cache
def places_of(field: str) -> tuple[int, ...]:
    """Return the places, among all rules, of those that a field of the profile can decide."""
    return tuple(place for place, rule in enumerate(all_rules()) if field in fields_of(rule.id))
