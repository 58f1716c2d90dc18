"""Prompt tuning: trained embeddings in front of every sequence."""

from collections.abc import Iterator

from ..weights import Architecture
from .method import Added, FineTuning


class PromptTuning(FineTuning):
    """Put virtual tokens before the input. Source: arXiv 2104.08691; peft ``tuners/prompt_tuning``."""

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the virtual tokens' embeddings."""
        yield Added("prompt", (self.request.virtual_tokens, architecture.hidden), 1)

    @property
    def extra_tokens(self) -> int:
        """Return the prompt's length."""
        return self.request.virtual_tokens


METHOD = PromptTuning
