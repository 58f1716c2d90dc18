"""Full fine-tuning: every weight is trained."""

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight
from .method import FineTuning


class Full(FineTuning):
    """Train all weights."""

    def check(self, architecture: Architecture) -> None:
        """Refuse quantised weights, which have no gradient."""
        if self.request.quant != "none":
            raise UnsupportedError(say("estimate.full_quantised", quant=self.request.quant))

    def trains(self, weight: Weight) -> bool:
        """Return True."""
        return True


METHOD = Full
