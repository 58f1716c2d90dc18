"""Full fine-tuning: every weight is trained."""

from typing import ClassVar

from ....knowledge.messages import say
from ..request import Dtype
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight
from .method import FineTuning


class Full(FineTuning):
    """Train all weights."""

    WEIGHTS: ClassVar[Dtype] = "fp32"

    def check(self, architecture: Architecture) -> None:
        """Refuse quantised weights, which have no gradient."""
        if self.request.quant != "none":
            raise UnsupportedError(say("estimate.full_quantised", quant=self.request.quant))

    def trains(self, weight: Weight) -> bool:
        """Return whether the model lets the weight be trained at all."""
        return not weight.fixed


METHOD = Full
