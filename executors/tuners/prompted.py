"""Soft prompts and prefixes for models with a task's head, where the PEFT library's own classes go wrong.

Those hand vectors to the model instead of tokens. Then a decoder no longer sees which tokens are padding and pools the
wrong one, what is said of the virtual tokens shifts what is said of the words, DistilBERT, DeBERTa, ModernBERT and T5
refuse or lose the vectors, and of an encoder the first virtual token takes the place of the one that is pooled. Here
the model gets placeholders, and the vectors take their place where tokens are looked up, so each model counts, masks
and pools as it always does; what it says of the placeholders is cut out.

Source: peft 0.21.2, peft_model.py, PeftModelForSequenceClassification.forward and its siblings.
"""

# ruff: noqa: ANN401 - the library's own signatures are open

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor, nn

from ..pooling import POOLING

PREFIXES = frozenset({"PREFIX_TUNING"})
PER_TOKEN = ("logits", "start_logits", "end_logits")


class PromptedModel(PeftModel):
    """A model with a head, and trained vectors before the tokens or before each layer's keys and values."""

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None, **kwargs: Any
    ) -> Any:
        """Return what the model says of the tokens that it was given, ``(batch, seq)``."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        if self.active_peft_config.peft_type in PREFIXES:
            with _prefixed(self.get_base_model(), self.get_prompt(len(input_ids))):
                return self.base_model(input_ids=input_ids, attention_mask=attention_mask, **types, **kwargs)
        return self._behind_prompt(input_ids, attention_mask, types, kwargs)

    def _behind_prompt(
        self, input_ids: Tensor, attention_mask: Tensor, types: dict[str, Tensor], kwargs: dict[str, Any]
    ) -> Any:
        model: Any = self.get_base_model()
        count = int(self.active_peft_config.num_virtual_tokens)
        at = 0 if is_causal(model) or model.config.is_encoder_decoder else 1  # behind the token that is pooled
        prompt = self.get_prompt(len(input_ids))
        with ExitStack() as stack:
            for table, shift in embeddings(model):
                stack.enter_context(_replacing(table, prompt, at + shift))
            counted = {"counted": _widened(attention_mask, at, count, 0)} if hasattr(model.config, POOLING) else {}
            output = self.base_model(
                input_ids=_widened(input_ids, at, count, placeholder(model)),
                attention_mask=_widened(attention_mask, at, count, 1),
                **{name: _widened(value, at, count, 0) for name, value in types.items()},
                **counted,
                **kwargs,
            )
        for name in PER_TOKEN:
            found = getattr(output, name, None)
            if found is not None and found.shape[1:2] == (input_ids.shape[1] + count,):
                output[name] = torch.cat([found[:, :at], found[:, at + count :]], dim=1)
        return output


def is_causal(model: Any) -> bool:
    """Tell whether each token sees only those before it."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    kind, config = type(model.config), model.config
    written = kind in AutoModelForCausalLM._model_mapping and kind not in AutoModelForMaskedLM._model_mapping
    return bool(getattr(config, "is_decoder", False)) or written


def embeddings(model: Any) -> Iterator[tuple[nn.Module, int]]:
    """Yield the tables that tokens are looked up in, each with how far its tokens are shifted.

    T5 has one for each side, tied; its decoder reads the tokens one place later, behind its start token.
    """
    weight = model.get_input_embeddings().weight
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) and module.weight is weight:
            yield module, int(bool(model.config.is_encoder_decoder) and "decoder" in name.split("."))


def placeholder(model: Any) -> int:
    """Return a token that means nothing to a model: none that ends, begins or fills a text."""
    config = model.config
    names = ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "sep_token_id", "cls_token_id")
    special = {getattr(config, name, None) for name in names}
    return next(token for token in range(config.get_text_config().vocab_size) if token not in special)


def carrier(model: Any) -> nn.Module | None:
    """Return the part of a model that a prefix can be put before, or None where keys and values are never kept."""
    import inspect

    body = model.get_decoder() if model.config.is_encoder_decoder else model.base_model
    owners: list[nn.Module | None] = [body]
    return next((one for one in owners if one and "past_key_values" in inspect.signature(one.forward).parameters), None)


@contextmanager
def _prefixed(model: Any, cache: Any) -> Iterator[None]:
    from transformers import DynamicCache, EncoderDecoderCache

    body = carrier(model)
    assert body is not None  # refused before it was loaded
    sided = model.config.is_encoder_decoder

    def put(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        mask = named.get("attention_mask")
        if mask is not None:
            named["attention_mask"] = _widened(mask, 0, cache.get_seq_length(), 1)
        named["past_key_values"] = EncoderDecoderCache(cache, DynamicCache()) if sided else cache
        return given, named

    hook = body.register_forward_pre_hook(put, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _replacing(table: nn.Module, prompt: Tensor, at: int) -> Iterator[None]:
    def put(module: nn.Module, given: Any, output: Tensor) -> Tensor:
        vectors = prompt.to(output.dtype)
        return torch.cat([output[:, :at], vectors, output[:, at + vectors.shape[1] :]], dim=1)

    hook = table.register_forward_hook(put)
    try:
        yield
    finally:
        hook.remove()


def _widened(value: Tensor, at: int, count: int, filling: int) -> Tensor:
    """Return rows of numbers with ``count`` more of them at a place, shape ``(batch, seq + count)``."""
    return torch.cat([value[:, :at], value.new_full((len(value), count), filling), value[:, at:]], dim=1)
