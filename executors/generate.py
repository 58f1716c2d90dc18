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
from .out_of_memory import is_out_of_memory, make_room
from .shared_start import Group, Start, groups_of, keeps_every_token, read_start, repeated
from .tokens import prompt_tokens

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


MOST_TOKENS = 32_768
"""Tokens of prompts that are read at a time: what a batch keeps of long ones would fill the memory."""

GREEDY: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "repetition_penalty": 1.0,  # many models come with more, which keeps them from copying out of passages
    "use_cache": True,
    "temperature": None,  # a model's own sampling settings would only cause warnings
    "top_p": None,
    "top_k": None,
}
"""How answers are written: the likeliest token each time."""


class LocalModel:
    """Answer with a decoder language model on this machine, with or without an adapter.

    Args:
        model: The model.
        tokenizer: The model's own.
        batch_size: Most conversations answered at a time, fewer where memory runs out; answers do not depend on it, up
            to rounding.
    """

    def __init__(self, model: Any, tokenizer: "PreTrainedTokenizerBase", batch_size: int = 16) -> None:  # noqa: ANN401
        self._model, self._tokenizer, self._batch_size = model, tokenizer, batch_size
        self._vocabulary: Vocabulary | None = None

    def answers(
        self, conversations: Sequence[Conversation], most_tokens: int, constraint: Constraint | None = None
    ) -> Iterator[dict[int, Said]]:
        """Yield the answers batch by batch; of those that begin alike, the longest conversations come first."""
        tokens = [compact(prompt_tokens(self._tokenizer, conversation)) for conversation in conversations]
        check_length(_limit(self._model), [len(each) for each in tokens], most_tokens)
        self._model.eval()
        unpadded = _unpadded(self._model)
        reads_once = not unpadded and keeps_every_token(self._model)
        for group in groups_of(conversations, tokens) if reads_once else [Group([*range(len(tokens))])]:
            yield from self._answered(group, tokens, most_tokens, constraint, unpadded)

    def _answered(
        self,
        group: Group,
        tokens: Sequence[Sequence[int]],
        most_tokens: int,
        constraint: Constraint | None,
        unpadded: bool,
    ) -> Iterator[dict[int, Said]]:
        """Yield the answers to conversations that begin alike."""
        start = self._start(tokens[group.places[0]][: group.shared])
        waiting = sorted(group.places, key=lambda place: len(tokens[place]), reverse=True)
        while waiting:
            places = _next_batch(waiting, tokens, self._batch_size, unpadded)
            said = self._said([tokens[place] for place in places], start, most_tokens, constraint)
            if said is None:
                self._halve(len(places), len(tokens[places[0]]))
                continue
            del waiting[: len(places)]
            yield dict(zip(places, said, strict=True))

    def _start(self, tokens: Sequence[int]) -> Start | None:
        """Return what a group of prompts begins with, read once; None where that is nothing."""
        import torch

        if not tokens:
            return None
        try:
            with torch.inference_mode():
                return read_start(self._model, tokens, GREEDY | {"pad_token_id": self._tokenizer.pad_token_id})
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        raise _too_little(len(tokens))

    def _said(
        self, prompts: Sequence[Sequence[int]], start: Start | None, most_tokens: int, constraint: Constraint | None
    ) -> list[Said] | None:
        """Return the answers to one batch, or None where memory ran out."""
        import torch

        held = self._held(constraint, len(prompts))
        try:
            with torch.inference_mode():
                return _answer(self._model, self._tokenizer, prompts, start, most_tokens, held)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _halve(self, rows: int, longest: int) -> None:
        """Answer half as many conversations at a time from now on.

        Raises:
            UserError: It was one.
        """
        if rows == 1:
            raise _too_little(longest)
        self._batch_size = rows // 2
        make_room()
        print(say("evaluation.halved", rows=rows, half=self._batch_size), file=sys.stderr, flush=True)

    def _held(self, constraint: Constraint | None, rows: int) -> list[Holding]:
        """Return what holds a batch of answers to a form."""
        if constraint is None:
            return []
        self._vocabulary = self._vocabulary or Vocabulary(self._tokenizer)
        return [Holding(self._vocabulary, constraint, rows)]


def _too_little(tokens: int) -> UserError:
    """Return the error that memory ran out with as little as one prompt."""
    return UserError(say("evaluation.out_of_memory", tokens=tokens), say("evaluation.out_of_memory_hint"))


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


def _next_batch(waiting: Sequence[int], tokens: Sequence[Sequence[int]], batch_size: int, unpadded: bool) -> list[int]:
    """Return the rows to answer next, of one length where none may be padded.

    Args:
        waiting: The places of rows, longest first.
        tokens: Of all rows.
        batch_size: Most rows.
        unpadded: Whether padding would change the answers.
    """
    longest = len(tokens[waiting[0]])
    some = waiting[: max(1, min(batch_size, MOST_TOKENS // longest))]
    return [place for place in some if not unpadded or len(tokens[place]) == longest]


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
    start: Start | None,
    max_new_tokens: int,
    held: list[Holding],
) -> list[Said]:
    ids, mask = _padded(prompts, tokenizer.pad_token_id, start.tokens if start else 0)
    known = {"past_key_values": repeated(start.cache, len(prompts))} if start else {}
    output = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        max_new_tokens=max_new_tokens,
        **GREEDY,
        pad_token_id=tokenizer.pad_token_id,
        logits_processor=held,
        **known,
    )
    written = output[:, ids.shape[1] :]
    texts: list[str] = tokenizer.batch_decode(written, skip_special_tokens=True)
    ends = model.generation_config.eos_token_id
    stops = {ends} if isinstance(ends, int) else {*(ends or ())}
    return [Said(text.strip(), stops.isdisjoint(tokens)) for text, tokens in zip(texts, written.tolist(), strict=True)]


def _padded(prompts: Sequence[Sequence[int]], padding: int, shared: int) -> "tuple[Tensor, Tensor]":
    """Return tokens and mask, padded before what is not shared, so that all answers begin at the same position."""
    import torch

    longest = max(map(len, prompts))
    ids = [[*prompt[:shared], *[padding] * (longest - len(prompt)), *prompt[shared:]] for prompt in prompts]
    mask = [[1] * shared + [0] * (longest - len(prompt)) + [1] * (len(prompt) - shared) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
