"""Why the other labels lost: for each of them the one rule that decided it, and no rule for two paths if it can be."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..knowledge.load import load
from ..knowledge.rule import Rule
from .labels import NAMES_OF_VARIANTS, PATHS, names_of
from .weighing import Weighed

#: The rule whose reason stands where nothing speaks against a label and nothing more for the chosen one.
CHEAPEST_FIRST = "start-simple"


class Lost(NamedTuple):
    """Say why one label lost.

    Attributes:
        rule: The rule that decided it.
        how: ``against`` the rule speaks against the label or excludes it; ``for_other`` it speaks for the chosen
            one; ``told`` the same, and the same rule is told of another label already.
    """

    label: str
    rule: Rule
    how: Literal["against", "for_other", "told"]


def lost(weighed: Weighed, label: str) -> Iterator[Lost]:
    """Yield every path but the chosen one, and every variant of the chosen path that a rule speaks against."""
    path, *chosen = names_of(label)
    told: set[str] = set()
    for other in PATHS:
        if other != path:
            found = _path(weighed, other, path, told)
            told.add(found.rule.id)
            yield found
    for name in NAMES_OF_VARIANTS[path]:
        if name not in chosen and (rule := _against_variant(weighed, name, chosen[0])):
            yield Lost(f"{path}:{name.partition(':')[2]}", rule, "against")


def speaks_against(rule: Rule, path: str) -> bool:
    """Tell whether a rule turns down a path or variants of it, and does not only speak for another."""
    names = {path, *NAMES_OF_VARIANTS[path]}
    return any(
        path not in effect.labels if effect.kind == "require" else bool(names & set(effect.labels))
        for effect in rule.effect
        if effect.kind != "prefer"
    )


def _path(weighed: Weighed, other: str, winner: str, told: set[str]) -> Lost:
    """Return why a path lost: what excludes it, else the heaviest rule that was not told yet, else the heaviest."""
    standing = weighed.standings[other]
    if standing.excluded:
        return Lost(other, standing.excluded, "against")
    if weighed.variants(other) == []:
        rules = (weighed.standings[name].excluded for name in NAMES_OF_VARIANTS[other])
        return Lost(other, next(rule for rule in rules if rule), "against")
    against, for_other = _against(weighed, other), _for_winner(weighed, winner, other)
    for rule in against:
        if rule.id not in told:
            return Lost(other, rule, "against")
    for rule in for_other:
        if rule.id not in told:
            return Lost(other, rule, "for_other")
    if against:
        return Lost(other, against[0], "against")
    return Lost(other, for_other[0] if for_other else load(Rule)[CHEAPEST_FIRST], "told")


def _against_variant(weighed: Weighed, other: str, winner: str) -> Rule | None:
    excluded = weighed.standings[other].excluded
    if excluded or not weighed.standings[other].points:
        return excluded
    return next(iter(_against(weighed, other) or _for_winner(weighed, winner, other)), None)


def _against(weighed: Weighed, name: str) -> list[Rule]:
    """Return the rules against a label, the heaviest first."""
    speaking = [(weight, rule) for weight, rule in weighed.standings[name].speaking if weight < 0]
    return [rule for _, rule in sorted(speaking, key=lambda pair: pair[0])]


def _for_winner(weighed: Weighed, winner: str, other: str) -> list[Rule]:
    """Return the rules for the winner that do not speak for another label too, the heaviest first."""
    shared = {rule.id for weight, rule in weighed.standings[other].speaking if weight > 0}
    speaking = [(weight, rule) for weight, rule in weighed.standings[winner].speaking if weight > 0]
    return [rule for _, rule in sorted(speaking, key=lambda pair: -pair[0]) if rule.id not in shared]
