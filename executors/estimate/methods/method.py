"""What the estimator asks of every method, with the answers of a method that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..request import BITS, Dtype, EstimateRequest
from ..shadow.graph import Value
from ..weights import Architecture, Weight

if TYPE_CHECKING:
    from ..shadow.modules import Modules

FP32 = 4


@dataclass(frozen=True, slots=True)
class Added:
    """Name one kind of tensor that a method adds, how many of it there are, and whether they are trained."""

    name: str
    shape: tuple[int, ...]
    count: int
    trained: bool = True


class FineTuning:
    """Base of all methods: the base model is frozen and nothing is added.

    Args:
        request: The run's settings.

    Attributes:
        WEIGHTS: Precision of the model's weights where nobody names another. What trains them keeps them in float32 and
            computes in 16 bits around them: added to a bfloat16 number, an update below its 256th part is lost.
    """

    WEIGHTS: ClassVar[Dtype] = "bf16"

    def __init__(self, request: EstimateRequest) -> None:
        self.request = request

    def check(self, architecture: Architecture) -> None:
        """Refuse what this method cannot do.

        Raises:
            UnsupportedError: Why not.
        """

    def trains(self, weight: Weight) -> bool:
        """Whether a weight of the base model gets a gradient; a new head always does."""
        whole = ("classifier", "pooler") if self.request.fresh_pooler else ("classifier",)
        return self.request.labels > 0 and weight.name.startswith(whole)

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the tensors that the method adds."""
        return iter(())

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return a linear layer's output, the method's additions included."""
        return modules.base(weight, x)

    def after(self, modules: Modules, place: str, x: Value) -> Value:
        """Return a sub-layer's output, changed where the method puts something behind it."""
        return x

    @property
    def grown_rows(self) -> int:
        """Rows of the tables of tokens that are trained while the others are not: those of new words."""
        return 0

    @property
    def extra_tokens(self) -> int:
        """Positions that the method puts before every sequence."""
        return 0

    @property
    def prefix_tokens(self) -> int:
        """Keys and values that the method puts before every layer's own."""
        return 0

    @property
    def item(self) -> int:
        """Bytes per number of what the method adds; peft makes it float32 over 16-bit bases.

        Source: peft ``autocast_adapter_dtype``, on by default.
        """
        if self.request.adapter_dtype == "auto":
            return FP32
        return BITS[self.request.adapter_dtype]
