"""P-Tuning v2: trained keys and values before every layer's own."""

from collections.abc import Iterator

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture
from .method import Added, FineTuning


class PTuningV2(FineTuning):
    """Put a prefix into every layer. Source: arXiv 2110.07602; peft ``PrefixEncoder`` without projection."""

    def check(self, architecture: Architecture) -> None:
        """Refuse what peft refuses, and models without one size of keys in all layers."""
        if self.request.grad_checkpointing:
            raise UnsupportedError(say("estimate.no_prefix_checkpointing", method=self.request.method))
        if architecture.keys == 0:
            raise UnsupportedError(say("estimate.no_prefix", kind=self.request.config["model_type"]))

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the prefix of all layers, one tensor."""
        yield Added("prefix", (self.request.virtual_tokens, architecture.prefixed_layers * 2 * architecture.keys), 1)

    @property
    def prefix_tokens(self) -> int:
        """Return the prefix's length."""
        return self.request.virtual_tokens


METHOD = PTuningV2
