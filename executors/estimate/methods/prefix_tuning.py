"""Prefix tuning: a small network makes keys and values before every layer's own."""

from collections.abc import Iterator

from ..weights import Architecture
from .method import Added
from .p_tuning_v2 import PTuningV2


class PrefixTuning(PTuningV2):
    """Make the prefix with a two-layer network. Source: arXiv 2101.00190; peft ``PrefixEncoder`` with projection."""

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the embeddings and the two layers of the network."""
        width, keys = self.request.encoder_width, architecture.keys
        yield Added("prefix", (self.request.virtual_tokens, keys), 1)
        for name, shape in (("in", (width, keys)), ("out", (architecture.prefixed_layers * 2 * keys, width))):
            yield Added(f"encoder.{name}", shape, 1)
            yield Added(f"encoder.{name}.bias", shape[:1], 1)


METHOD = PrefixTuning
