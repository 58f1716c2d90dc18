"""Method cards: what each fine-tuning method trains, costs and suits, with starting values and their sources."""

from typing import ClassVar, Literal

from .frozen import Field, Frozen
from .record import Record
from .text import Text

Level = Literal["lowest", "low", "medium", "high", "highest"]
Need = Literal["open_weights", "bias_terms", "quantisation", "custom_loop", "large_model"]


class Figure(Frozen):
    """A range of a figure with the evidence for it."""

    low: float
    high: float
    evidence: tuple[str, ...] = Field(min_length=1)

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")


class StartingValue(Frozen):
    """A hyper-parameter's value to start from, the range to search, and why.

    Attributes:
        low: Smallest value worth trying; None for words.
        high: Largest value worth trying; None for words.
    """

    value: float | int | str
    low: float | None = None
    high: float | None = None
    because: Text
    evidence: tuple[str, ...] = Field(min_length=1)

    def __post_init__(self) -> None:
        outside = not isinstance(self.value, str) and self.low is not None and self.high is not None
        if outside and not self.low <= self.value <= self.high:  # type: ignore[operator]
            raise ValueError(f"{self.value} is not between {self.low} and {self.high}")


class MethodCard(Record):
    """Describe one fine-tuning method.

    Attributes:
        trains: What is trained, and what stays frozen.
        trainable_percent: Share of the parameters that are trained, in per cent.
        inference: What it does to speed and memory when serving.
        memory: Training memory compared with the other methods on the same model.
        memory_note: What the class hides.
        needs: What must be so for the method to work at all.
        article: What the article says about it.
        since: Where the evidence has moved on from the article; None where it still stands.
        settings: Starting values by the name of the option in a plan.
        evidence: The paper that introduced it first, then what else was measured.
    """

    folder: ClassVar[str] = "methods"

    title: Text
    summary: Text
    trains: Text
    trainable_percent: Figure
    inference: Text
    memory: Level
    memory_note: Text
    best_for: tuple[Text, ...] = Field(min_length=1)
    avoid_when: tuple[Text, ...] = Field(min_length=1)
    needs: tuple[Need, ...]
    article: Text
    since: Text | None = None
    settings: dict[str, StartingValue]
    evidence: tuple[str, ...] = Field(min_length=1)
