"""P-Tuning: a small network makes the virtual tokens' embeddings."""

from collections.abc import Iterator

from ..weights import Architecture
from .method import Added
from .prompt_tuning import PromptTuning


class PTuning(PromptTuning):
    """Make virtual tokens with a multi-layer perceptron.

    Source: arXiv 2103.10385; peft ``tuners/p_tuning/model.py``, encoder type MLP.
    """

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the embeddings and the three layers of the network."""
        yield from super().added(architecture)
        width, hidden = self.request.encoder_width, architecture.hidden
        for name, shape in (("in", (width, hidden)), ("middle", (width, width)), ("out", (hidden, width))):
            yield Added(f"encoder.{name}", shape, 1)
            yield Added(f"encoder.{name}.bias", shape[:1], 1)


METHOD = PTuning
