"""How much of a processor's peak training really uses, by method and GPU, as published runs show."""

from typing import ClassVar, Literal

from .frozen import Field
from .sourced import Sourced

Kind = Literal["full", "lora", "qlora", "reading", "writing"]


class Utilisation(Sourced):
    """Give the share of a GPU's dense 16-bit peak that a run computes with, recomputation included.

    Attributes:
        kind: The work: a way of training, a forward pass over given tokens, or writing new ones one by one.
        measured_on: The GPUs behind the figures.
        gpus: The GPUs for which the figures stand; empty for all that have none of their own.
        scaled: Whether they are those of other GPUs, scaled by how full fine-tuning differs between these and those.
        low: Short, variable batches or small models.
        likely: Sequences of a few thousand tokens and a device kept busy.
        high: Packed sequences and fused kernels.
    """

    folder: ClassVar[str] = "utilisations"
    facts: ClassVar[frozenset[str]] = frozenset({"low", "likely", "high"})

    kind: Kind
    measured_on: tuple[str, ...]
    gpus: tuple[str, ...] = ()
    scaled: bool = False
    low: float = Field(gt=0, lt=1)
    likely: float = Field(gt=0, lt=1)
    high: float = Field(gt=0, lt=1)
