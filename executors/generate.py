"""Let a model answer prompts, greedily and in batches of similar length."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .answerer import Conversation, Said
from .compact import compact
from .constrained import Holding, Vocabulary
from .constraint import Constraint
from .tokens import prompt_tokens

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


MOST_TOKENS = 32_768
"""Tokens of prompts that are read at a time: what a batch keeps of long ones would fill the memory."""


class LocalModel:
    """Answer with a decoder language model on this machine, with or without an adapter.

    Args:
        model: The model.
        tokenizer: The model's own.
        batch_size: Conversations answered at a time; answers do not depend on it, up to rounding.
    """

    def __init__(self, model: Any, tokenizer: "PreTrainedTokenizerBase", batch_size: int = 16) -> None:  # noqa: ANN401
        self._model, self._tokenizer, self._batch_size = model, tokenizer, batch_size
        self._vocabulary: Vocabulary | None = None

    def answers(
        self, conversations: Sequence[Conversation], most_tokens: int, constraint: Constraint | None = None
    ) -> Iterator[dict[int, Said]]:
        """Yield the answers batch by batch, those to the longest conversations first."""
        import torch

        tokens = [compact(prompt_tokens(self._tokenizer, conversation)) for conversation in conversations]
        lengths = [len(each) for each in tokens]
        check_length(_limit(self._model), lengths, most_tokens)
        self._model.eval()
        for places in _batches(lengths, self._batch_size, _unpadded(self._model)):
            with torch.inference_mode():
                held = self._held(constraint, len(places))
                said = _answer(self._model, self._tokenizer, [tokens[place] for place in places], most_tokens, held)
            yield dict(zip(places, said, strict=True))

    def _held(self, constraint: Constraint | None, rows: int) -> list[Holding]:
        """Return what holds a batch of answers to a form."""
        if constraint is None:
            return []
        self._vocabulary = self._vocabulary or Vocabulary(self._tokenizer)
        return [Holding(self._vocabulary, constraint, rows)]


def check_length(limit: int, lengths: Sequence[int], max_new_tokens: int) -> None:
    """Verify that prompts and their answers fit.

    Args:
        limit: Tokens that the model can read.
        lengths: Of the prompts, in tokens.
        max_new_tokens: Longest answer, in tokens.

    Raises:
        UserError: Prompts are too long; says how many, and by how much.
    """
    longer = [length for length in lengths if length + max_new_tokens > limit]
    if longer:
        values = {"count": len(longer), "limit": limit, "longest": max(longer), "answer": max_new_tokens}
        hint = say("evaluation.too_long_hint", options="max_new_tokens")
        raise UserError(say("evaluation.too_long", **values), hint)


def _limit(model: Any) -> int:  # noqa: ANN401 - a model with or without an adapter
    """Return how many tokens a model reads, less the positions that vectors of an adapter take before the prompt."""
    most: int = getattr(model.config.get_text_config(), "max_position_embeddings", sys.maxsize)
    return most - (getattr(getattr(model, "active_peft_config", None), "num_virtual_tokens", None) or 0)


def _batches(lengths: list[int], batch_size: int, unpadded: bool) -> list[list[int]]:
    """Return the places of rows by batch, longest first; rows of one batch have one length where none may be padded."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place], reverse=True)
    batches: list[list[int]] = []
    for place in order:
        last = batches[-1] if batches else []
        full = len(last) == batch_size or (len(last) + 1) * lengths[last[0] if last else place] > MOST_TOKENS
        if not last or full or (unpadded and lengths[last[0]] != lengths[place]):
            batches.append([place])
        else:
            last.append(place)
    return batches


def _unpadded(model: Any) -> bool:  # noqa: ANN401 - a model with or without an adapter
    """Tell whether padding would change the answers.

    Vectors that stand before the prompt would stand before its padding, at another distance than in training: PEFT
    ignores position numbers there (peft 0.21.2, peft_model.py, PeftModelForCausalLM).
    """
    adapter = getattr(model, "active_peft_config", None)
    return adapter is not None and adapter.is_prompt_learning


def _answer(
    model: Any,  # noqa: ANN401 - a model with or without an adapter
    tokenizer: Any,  # noqa: ANN401 - its own
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    held: list[Holding],
) -> list[Said]:
    ids, mask = _padded(prompts, tokenizer.pad_token_id)
    output = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,  # many models come with more, which keeps them from copying out of passages
        use_cache=True,
        temperature=None,  # a model's own sampling settings would only cause warnings
        top_p=None,
        top_k=None,
        pad_token_id=tokenizer.pad_token_id,
        logits_processor=held,
    )
    written = output[:, ids.shape[1] :]
    texts: list[str] = tokenizer.batch_decode(written, skip_special_tokens=True)
    ends = model.generation_config.eos_token_id
    stops = {ends} if isinstance(ends, int) else {*(ends or ())}
    return [Said(text.strip(), stops.isdisjoint(tokens)) for text, tokens in zip(texts, written.tolist(), strict=True)]


def _padded(prompts: Sequence[Sequence[int]], padding: int) -> "tuple[Tensor, Tensor]":
    """Return tokens and mask, padded on the left so that all answers begin at the same position."""
    import torch

    longest = max(map(len, prompts))
    ids = [[*[padding] * (longest - len(prompt)), *prompt] for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
