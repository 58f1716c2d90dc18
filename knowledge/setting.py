"""Settings: which value an option of a step gets in which situation, why, and who says so."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from .frozen import Field, Frozen
from .load import load
from .record import Record
from .text import Text

Value = bool | int | float | str


class Chosen(Frozen):
    """Give one option's value and the reason for it."""

    value: Value
    why: Text
    evidence: tuple[str, ...] = Field(min_length=1)


class Situation(Frozen):
    """Say what is to be set up.

    Attributes:
        parameters: Weights of the base model; None when unknown, and then no setting that asks for them holds.
        rows: Rows to learn from; None when unknown.
        family: What the base model is, as the estimator calls it, such as ``encoder``; empty when unknown.
    """

    step: str
    method: str = ""
    family: str = ""
    parameters: int | None = None
    rows: int | None = None


class Setting(Record):
    """Set some options of one kind of step wherever all of its conditions hold.

    Attributes:
        methods: Fine-tuning methods it is for; empty for all.
        families: Families of models it is for, as the estimator calls them; empty for all.
        priority: Of two settings that hold, the one with the higher number decides; a method's card gives way to
            settings with 0 and more, and goes before those below 0.
        options: Values by the option's name; those of a method itself are ``method_options.NAME``. The ``batch_size``
            of a training counts the rows of one update.
    """

    folder: ClassVar[str] = "settings"

    step: str
    methods: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    at_least_parameters: int = 0
    below_parameters: int | None = None
    at_least_rows: int = 0
    below_rows: int | None = None
    priority: int = 0
    options: dict[str, Chosen]

    def holds(self, situation: Situation) -> bool:
        """Say whether the setting is for a situation."""
        return (
            self.step == situation.step
            and (not self.methods or situation.method in self.methods)
            and (not self.families or situation.family in self.families)
            and _within(situation.parameters, self.at_least_parameters, self.below_parameters)
            and _within(situation.rows, self.at_least_rows, self.below_rows)
        )


def settings_for(situation: Situation, card: Mapping[str, Chosen] = MappingProxyType({})) -> Mapping[str, Chosen]:
    """Return the value of each option that is decided in a situation.

    Args:
        situation: What is to be set up.
        card: The starting values of a method's card.
    """
    holding = sorted((entry for entry in load(Setting).values() if entry.holds(situation)), key=lambda e: e.priority)
    below = {name: chosen for entry in holding if entry.priority < 0 for name, chosen in entry.options.items()}
    above = {name: chosen for entry in holding if entry.priority >= 0 for name, chosen in entry.options.items()}
    return {**below, **card, **above}


def _within(number: int | None, low: int, high: int | None) -> bool:
    if low == 0 and high is None:
        return True
    return number is not None and number >= low and (high is None or number < high)
