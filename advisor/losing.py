"""Why the other labels lost: for each of them the one rule that decided it."""

from collections.abc import Iterator

from ..knowledge.load import load
from ..knowledge.rule import Rule
from .labels import NAMES_OF_VARIANTS, PATHS, names_of
from .weighing import Weighed

#: The rule whose reason stands where nothing speaks against a label and nothing more for the chosen one.
CHEAPEST_FIRST = "start-simple"


def lost(weighed: Weighed, label: str) -> Iterator[tuple[str, Rule]]:
    """Yield every path but the chosen one, and every variant of the chosen path that a rule speaks against."""
    path, *chosen = names_of(label)
    for other in PATHS:
        if other != path:
            yield other, _against_path(weighed, other, path)
    for name in NAMES_OF_VARIANTS[path]:
        if name not in chosen and (rule := _against_variant(weighed, name, chosen[0])):
            yield f"{path}:{name.partition(':')[2]}", rule


def _against_path(weighed: Weighed, other: str, winner: str) -> Rule:
    standing = weighed.standings[other]
    if standing.excluded:
        return standing.excluded
    if weighed.variants(other) == []:
        return next(rule for name in NAMES_OF_VARIANTS[other] if (rule := weighed.standings[name].excluded))
    return _heaviest_against(weighed, other) or _heaviest_for(weighed, winner, other) or load(Rule)[CHEAPEST_FIRST]


def _against_variant(weighed: Weighed, other: str, winner: str) -> Rule | None:
    excluded = weighed.standings[other].excluded
    if excluded or weighed.standings[other].points:
        return excluded or _heaviest_against(weighed, other) or _heaviest_for(weighed, winner, other)
    return None


def _heaviest_against(weighed: Weighed, name: str) -> Rule | None:
    against = [(weight, rule) for weight, rule in weighed.standings[name].speaking if weight < 0]
    return min(against, key=lambda pair: pair[0])[1] if against else None


def _heaviest_for(weighed: Weighed, winner: str, other: str) -> Rule | None:
    shared = {rule.id for weight, rule in weighed.standings[other].speaking if weight > 0}
    speaking = [(weight, rule) for weight, rule in weighed.standings[winner].speaking if weight > 0]
    own = [pair for pair in speaking if pair[1].id not in shared]
    return max(own, key=lambda pair: pair[0])[1] if own else None
