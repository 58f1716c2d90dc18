"""How much of a processor's peak training really uses, by method, as published runs show."""

from typing import ClassVar

from .frozen import Field
from .sourced import Sourced


class Utilisation(Sourced):
    """Give the share of a GPU's dense 16-bit peak that a run computes with, recomputation included.

    Attributes:
        low: Short, variable batches or small models.
        likely: Sequences of a few thousand tokens and a device kept busy.
        high: Packed sequences and fused kernels.
    """

    folder: ClassVar[str] = "utilisations"
    facts: ClassVar[frozenset[str]] = frozenset({"low", "likely", "high"})

    low: float = Field(gt=0, lt=1)
    likely: float = Field(gt=0, lt=1)
    high: float = Field(gt=0, lt=1)
