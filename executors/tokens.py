"""Turn conversations into token numbers, the same way for training and for answering."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .compact import compact
from .prompt import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class TokenRow:
    """Hold one training row.

    Attributes:
        tokens: The whole conversation with the answer and its end token.
        answer_start: Where the answer begins; only from here on does the loss count.
    """

    tokens: Sequence[int]
    answer_start: int

    def __len__(self) -> int:
        return len(self.tokens)


def prompt_tokens(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[int]:
    """Return the tokens that the model answers to: the conversation, and the opening of the assistant's turn."""
    return _encode(tokenizer, _render(tokenizer, messages, opening=True))


def training_row(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> TokenRow:
    """Return the tokens of a conversation whose last message is the answer to learn.

    The prompt is encoded apart from the answer, exactly as it is when the model answers later. The answer ends with
    the token that ends a turn in the chat template, or with the end token, so that the model learns to stop.
    """
    opening = _render(tokenizer, messages[:-1], opening=True)
    whole = _render(tokenizer, messages, opening=False)
    # a template may write past answers otherwise than it opens new ones (an empty thinking block, for one)
    answer = whole.removeprefix(opening) if whole.startswith(opening) else messages[-1]["content"]
    start = _encode(tokenizer, opening)
    return TokenRow(compact(start + _ended(tokenizer, _encode(tokenizer, answer))), len(start))


def _render(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], opening: bool) -> str:
    """Return the conversation as text.

    A model that can think before it answers is told not to: the answers to learn from are without thoughts, and
    untuned it would spend all tokens of an answer on them.

    Source: Qwen3's chat template, which reads ``enable_thinking``; other templates do not look at it.
    """
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=opening, enable_thinking=False)
    return str(text)


def _encode(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    # the template writes the special tokens itself
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens


def _ended(tokenizer: "PreTrainedTokenizerBase", answer: list[int]) -> list[int]:
    end = tokenizer.eos_token_id
    if end in answer:
        return answer[: answer.index(end) + 1]
    return [*answer, end]
