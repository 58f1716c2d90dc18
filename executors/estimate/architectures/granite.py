"""IBM's Granite and PowerLM: Llama's layers with constant multipliers on embeddings, residuals and logits."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, scale
from ..weights import Architecture
from . import llama

MODEL_TYPES = frozenset({"granite"})


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Granite decoder.

    Source: transformers ``models/granite/modeling_granite.py``.
    """
    shape = llama.read(config, stack)
    block = replace(shape.blocks[0], forward=partial(forward, config))
    return replace(shape, blocks=(block,), start=_scaled, after_head=_scaled)


def _scaled(modules: Modules, x: Value) -> Value:
    return scale(x)


def forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    """Return a block's output."""
    residual = x
    hidden = llama.attend(config, modules, modules.rms_norm("input_layernorm", x))
    hidden = add(residual, scale(hidden))
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    hidden = llama.feed_forward(modules, hidden)
    return add(residual, scale(hidden))
