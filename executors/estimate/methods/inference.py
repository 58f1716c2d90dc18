"""Inference: nothing is trained; text is generated with a cache of keys and values."""

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture
from .method import FineTuning


class Inference(FineTuning):
    """Train nothing."""

    def check(self, architecture: Architecture) -> None:
        """Refuse models that generate nothing, or of which the cache's size is not known."""
        if not architecture.cached:
            raise UnsupportedError(say("estimate.no_cache", kind=self.request.config["model_type"]))


METHOD = Inference
