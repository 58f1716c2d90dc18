"""Rules: what speaks for or against a path, as data with its own examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from .frozen import Field, Frozen
from .record import Record
from .text import Text

Scalar = bool | int | float | str
Operator = Literal["is", "is_not", "one_of", "none_of", "at_least", "below"]


class Condition(Frozen):
    """Compare one fact with a value; unknown when the fact is unknown."""

    fact: str
    op: Operator
    value: Scalar | tuple[Scalar, ...]

    def __post_init__(self) -> None:
        if (self.op in ("one_of", "none_of")) != isinstance(self.value, tuple):
            raise ValueError(f"'{self.op}' needs {'a list' if self.op in ('one_of', 'none_of') else 'one value'}")


class Effect(Frozen):
    """Say what a rule that fires does to some labels.

    Attributes:
        kind: ``prefer`` and ``avoid`` add and take away weight; ``exclude`` removes the labels; ``require`` removes
            all paths but those of the labels.
        labels: Paths such as ``rag``, or variants such as ``finetune:lora``; a path stands for all of its variants.
        weight: 1 a hint, 2 to 4 a published finding, 5 and more a finding that was repeated or a plain necessity.
        by_wording: The weight is what the wording of the description gives to each label.
    """

    kind: Literal["prefer", "avoid", "exclude", "require"]
    labels: tuple[str, ...] = Field(min_length=1)
    weight: int = Field(default=0, ge=0, le=9)
    by_wording: bool = False

    def __post_init__(self) -> None:
        if (self.kind in ("prefer", "avoid")) != (self.weight > 0 or self.by_wording):
            raise ValueError(f"'{self.kind}' {'needs a' if self.kind in ('prefer', 'avoid') else 'has no'} weight")


class Case(Frozen):
    """Show one set of answers on which the rule fires, stays silent, or cannot be decided.

    Attributes:
        why: What the example shows, in English, for people who work on the rule.
    """

    why: str
    answers: dict[str, Scalar]
    fires: Literal["yes", "no", "unknown"]


class Rule(Record):
    """State one piece of advice: when it holds, what it does, why, and who says so.

    Attributes:
        because: The reason as a plain sentence for the user; ``{fact}`` stands for a fact's value.
        when: All of these must hold.
        priority: A rule that excludes or requires gives way to those with a higher number.
        case: At least one example that fires and one that stays silent; a rule without conditions needs only the first.
    """

    folder: ClassVar[str] = "rules"

    title: Text
    because: Text
    evidence: tuple[str, ...] = Field(min_length=1)
    priority: int = 0
    when: tuple[Condition, ...] = ()
    effect: tuple[Effect, ...] = Field(min_length=1)
    case: tuple[Case, ...] = Field(min_length=1)

    def __post_init__(self) -> None:
        shown = {case.fires for case in self.case}
        if missing := ({"yes", "no"} if self.when else {"yes"}) - shown:
            raise ValueError(f"no example that answers {' and '.join(sorted(missing))}")

    @classmethod
    def problems_together(cls, entries: Mapping[str, Any], folder: Path) -> list[str]:
        """Return the sources that rules name and that do not exist."""
        known = {path.stem for path in (folder.parent / "evidence").glob("*.toml")}
        return [
            f"knowledge/{cls.folder}/{rule.id}.toml: there is no source '{name}'"
            for rule in entries.values()
            for name in rule.evidence
            if name not in known
        ]
