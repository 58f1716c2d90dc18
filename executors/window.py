"""How much a model can read at once, and how much of that a conversation takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from ..rag.endpoint import is_endpoint
from ..rag.tokens import about_tokens
from .models import context_length, load_tokenizer
from .plan import ModelSource
from .prompt import Message
from .tokens import prompt_tokens


@dataclass(frozen=True)
class Window:
    """Hold a model's room for a prompt.

    Attributes:
        whole: Tokens that the model can read, its own answer included.
        answer: Tokens kept for the answer.
        count: Counts a conversation up to the answer, in tokens.
    """

    whole: int
    answer: int
    count: Callable[[Sequence[Message]], int]

    @property
    def tokens(self) -> int:
        """Tokens that a prompt may take."""
        return self.whole - self.answer


def window_of(model: ModelSource, whole: int | None, answer: int, progress: Progress) -> Window:
    """Return a model's window; only its tokenizer and its config are read.

    Tokens of a model behind an endpoint are estimated by words and ideographs.

    Args:
        model: The model as the plan names it.
        whole: Tokens that it reads; None for what its config says. More than that is never taken.
        answer: Tokens of the longest answer.
        progress: Is told before anything is fetched.

    Raises:
        UserError: The model was not found, or is behind an endpoint and nobody says how much it reads.
    """
    if is_endpoint(model.source):
        if whole is None:
            raise UserError(say("served.no_window", model=model.source), say("served.no_window_hint"))
        return Window(whole, answer, lambda messages: about_tokens([turn["content"] for turn in messages]))
    tokenizer = load_tokenizer(model.source, model.revision, progress)
    most = context_length(model)
    return Window(min(whole or most, most), answer, lambda messages: len(prompt_tokens(tokenizer, messages)))
