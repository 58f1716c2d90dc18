"""Weigh the verdicts: which paths are excluded and by what, and which of the rest has the most weight."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..knowledge.rule import Effect, Rule
from .labels import NAMES_OF_VARIANTS, PATHS, RULE_NAMES
from .rules import Verdict

MOST = 9
"""Points that a label gets at most by wording, which is the weight of the weightiest rule."""
Wording = Sequence[tuple[str, int]]
"""Points that the wording of a description gives to labels or, below zero, takes from them."""


class Standing:
    """Hold what the rules say about one path or variant.

    Attributes:
        points: Weight of the rules for it minus that of the rules against it.
        speaking: Rules for (positive weight) and against it.
        excluded: The rule that rules it out, or None.
    """

    __slots__ = ("excluded", "points", "speaking")  # many are made: every "what if" weighs anew

    def __init__(self) -> None:
        self.points = 0
        self.speaking: list[tuple[int, Rule]] = []
        self.excluded: Rule | None = None


class Weighed(NamedTuple):
    """Hold the standing of every path and every variant after all rules have spoken.

    Attributes:
        overridden: Rules that would have left no path, and gave way to others with a higher priority.
    """

    standings: Mapping[str, Standing]
    overridden: tuple[Rule, ...]

    def paths(self) -> list[str]:
        """Return the paths that are not excluded, best first; the cheaper one first where weights are equal."""
        return sorted(filter(self.is_open, PATHS), key=lambda path: -self.points(path))

    def is_open(self, path: str) -> bool:
        """Tell whether neither the path nor all of its variants are excluded."""
        if self.standings[path].excluded:
            return False
        names = NAMES_OF_VARIANTS[path]
        return not names or any(self.standings[name].excluded is None for name in names)

    def variants(self, path: str) -> list[str] | None:
        """Return a path's variants that are not excluded, best first; None for a path that has none."""
        names = NAMES_OF_VARIANTS[path]
        kept = [name for name in names if self.standings[name].excluded is None]
        kept.sort(key=lambda name: -self.standings[name].points)
        return [name.partition(":")[2] for name in kept] if names else None

    def best(self, path: str) -> str:
        """Return the path's label with its best variant."""
        variants = self.variants(path)
        return f"{path}:{variants[0]}" if variants else path

    def label(self) -> str:
        """Return the label with the most weight."""
        return self.best(self.paths()[0])

    def points(self, path: str) -> int:
        """Return the weight of the rules for a path minus that of the rules against it."""
        return self.standings[path].points

    def lead(self) -> int:
        """Return how much more weight the best path has than the second; all of its weight when it is alone."""
        points = [self.points(path) for path in self.paths()]
        return points[0] - points[1] if len(points) > 1 else points[0]


def weigh(verdicts: Iterable[Verdict], wording: Wording | None = None) -> Weighed:
    """Let all rules that fire speak; those that exclude or require do so by falling priority.

    Args:
        verdicts: By falling priority, as ``rules.judge`` gives them.
        wording: For the rules whose weight is that of the description's wording.
    """
    points = dict(wording or ())
    standings = {name: Standing() for name in RULE_NAMES}
    weighed = Weighed(standings, ())
    overridden = []
    for verdict in verdicts:
        if verdict.fires:
            for effect in verdict.rule.effect:
                if not _apply(effect, verdict.rule, weighed, points):
                    overridden.append(verdict.rule)
    return Weighed(standings, tuple(overridden))


def _apply(effect: Effect, rule: Rule, weighed: Weighed, wording: Mapping[str, int]) -> bool:
    standings = weighed.standings
    if effect.kind in ("prefer", "avoid"):
        sign = 1 if effect.kind == "prefer" else -1
        for label in effect.labels:
            weight = max(0, sign * wording.get(label, 0)) if effect.by_wording else effect.weight
            if weight:
                standings[label].points += sign * weight
                standings[label].speaking.append((sign * weight, rule))
        return True
    hit = [name for name in _hit(effect) if standings[name].excluded is None]
    for name in hit:
        standings[name].excluded = rule
    if any(map(weighed.is_open, PATHS)):
        return True
    for name in hit:
        standings[name].excluded = None
    return False


def _hit(effect: Effect) -> tuple[str, ...]:
    if effect.kind == "exclude":
        return effect.labels
    return tuple(path for path in PATHS if path not in effect.labels)
