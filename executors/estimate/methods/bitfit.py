"""BitFit: only bias vectors are trained."""

from typing import ClassVar

from ....knowledge.messages import say
from ..request import Dtype
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight
from .method import FineTuning


class BitFit(FineTuning):
    """Train every bias. Source: BitFit, arXiv 2106.10199."""

    WEIGHTS: ClassVar[Dtype] = "fp32"

    def check(self, architecture: Architecture) -> None:
        """Refuse models without biases."""
        if not any(weight.is_bias for _, weight in architecture.weights()):
            raise UnsupportedError(say("estimate.no_biases"))

    def trains(self, weight: Weight) -> bool:
        """Return whether the weight is a bias."""
        return weight.is_bias or super().trains(weight)


METHOD = BitFit
