"""What is wrong with a set of rules: names that do not exist, conditions that never hold, rules that contradict."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from ..knowledge.load import load
from ..knowledge.rule import Condition, Rule
from ..knowledge.task import TaskFamily
from .labels import PATHS, RULE_NAMES
from .profile import choices
from .wiring import fact_names


def problems_of(rules: Sequence[Rule]) -> list[str]:
    """Return every problem of some rules with the file that it stands in; empty when all is well."""
    found = [problem for rule in rules for problem in (*_unknown_names(rule), *_never_true(rule), *_at_odds(rule))]
    closing = [(rule, left) for rule in rules if (left := _left(rule)) < set(PATHS)]
    return found + [problem for pair in combinations(closing, 2) for problem in _contradiction(*pair)]


def can_both_hold(conditions: Iterable[Condition]) -> bool:
    """Tell whether some answers could satisfy all conditions, as far as those on one and the same fact say."""
    by_fact: dict[str, list[Condition]] = {}
    for condition in conditions:
        by_fact.setdefault(condition.fact, []).append(condition)
    return all(_possible(fact, same) for fact, same in by_fact.items())


def _unknown_names(rule: Rule) -> Iterator[str]:
    for condition in rule.when:
        if condition.fact not in fact_names():
            yield f"{_place(rule)}: there is no fact '{condition.fact}'"
    for label in sorted({label for effect in rule.effect for label in effect.labels} - set(RULE_NAMES)):
        yield f"{_place(rule)}: there is no label '{label}'"


def _never_true(rule: Rule) -> Iterator[str]:
    if not can_both_hold(rule.when):
        yield f"{_place(rule)}: can never fire: its conditions exclude one another or name an impossible value"


def _possible(fact: str, conditions: Sequence[Condition]) -> bool:
    """Tell whether one value of a fact can satisfy all conditions: some listed value, or a range that is not empty."""
    allowed: set[object] | None = _answers(fact) or None
    low, high = float("-inf"), float("inf")
    for condition in conditions:
        value = condition.value
        if condition.op in ("is", "one_of"):
            named: set[object] = set(value) if isinstance(value, tuple) else {value}
            allowed = named if allowed is None else allowed & named
        elif condition.op == "at_least":
            low = max(low, float(value))  # type: ignore[arg-type]
        elif condition.op == "below":
            high = min(high, float(value))  # type: ignore[arg-type]
    for condition in conditions:
        if allowed is not None and condition.op in ("is_not", "none_of"):
            allowed = allowed - (set(condition.value) if isinstance(condition.value, tuple) else {condition.value})
    if allowed is None:
        return low < high
    return any(not isinstance(value, int | float) or low <= value < high for value in allowed)


def _answers(fact: str) -> set[object]:
    """Return the values that a fact can have; empty where they cannot be listed."""
    return set(load(TaskFamily)) if fact == "family" else {value for value in choices(fact) if value != "unknown"}


def _at_odds(rule: Rule) -> Iterator[str]:
    """Yield the labels that a rule speaks for and against at once."""
    favoured = {label for effect in rule.effect if effect.kind in ("prefer", "require") for label in effect.labels}
    opposed = {label for effect in rule.effect if effect.kind in ("avoid", "exclude") for label in effect.labels}
    for label in sorted(favoured & opposed):
        yield f"{_place(rule)}: speaks for and against '{label}'"


def _contradiction(first: tuple[Rule, set[str]], second: tuple[Rule, set[str]]) -> Iterator[str]:
    """Yield what two rules of equal priority, each with the paths that it leaves open, cannot have on one profile."""
    (one, left_by_one), (other, left_by_other) = first, second
    if one.priority == other.priority and not left_by_one & left_by_other and can_both_hold((*one.when, *other.when)):
        yield f"{_place(one)} and {_place(other)}: together they leave no path; one of them needs a higher priority"


def _left(rule: Rule) -> set[str]:
    """Return the paths that a rule leaves open."""
    left = set(PATHS)
    for effect in rule.effect:
        if effect.kind == "require":
            left &= set(effect.labels)
        elif effect.kind == "exclude":
            left -= set(effect.labels)
    return left


def _place(rule: Rule) -> str:
    return f"knowledge/rules/{rule.id}.toml"
