"""Prompt tuning: trained embeddings in front of every sequence."""

from collections.abc import Iterator

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture
from .method import Added, FineTuning


class PromptTuning(FineTuning):
    """Put virtual tokens before the input. Source: arXiv 2104.08691; peft ``tuners/prompt_tuning``."""

    def check(self, architecture: Architecture) -> None:
        """Refuse inputs that are no tokens, which peft cannot lengthen."""
        if architecture.input_numbers:
            kind = self.request.config["model_type"]
            raise UnsupportedError(say("estimate.no_soft_prompt", method=self.request.method, kind=kind))

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield the virtual tokens' embeddings; peft trains as many again for a decoder, unread; not with a head.

        Source: peft ``PeftModel._setup_prompt_encoder``, ``num_transformer_submodules``.
        """
        sides = 2 if architecture.decodes and not self.request.labels else 1
        yield Added("prompt", (sides * self.request.virtual_tokens, architecture.hidden), 1)

    @property
    def extra_tokens(self) -> int:
        """Return the prompt's length."""
        return self.request.virtual_tokens


METHOD = PromptTuning
