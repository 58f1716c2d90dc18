"""Phi-1.5 and Phi-2: attention and feed-forward side by side behind one LayerNorm, biases everywhere."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, new_gelu
from ..weights import Architecture, Block, Weight
from . import llama
from .config import number, share
from .parts import layer_norms, linears, outer

MODEL_TYPES = frozenset({"phi"})


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Phi decoder.

    Source: transformers ``models/phi/modeling_phi.py``.
    """
    hidden, vocab, inner = (number(config, key) for key in ("hidden_size", "vocab_size", "intermediate_size"))
    names = ("q_proj", "k_proj", "v_proj", "dense")
    shapes = dict.fromkeys(names, (hidden, hidden)) | {"fc1": (inner, hidden), "fc2": (hidden, inner)}
    weights = (*linears(shapes, biased=True), *layer_norms(hidden, "input_layernorm"))
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config))
    head_bias = Weight("lm_head.bias", (vocab,), "other")
    outside = (*outer(vocab, hidden, tied=False), head_bias, *layer_norms(hidden, "final_layernorm"))
    angles = int(llama.head_size(config) * share(config, "partial_rotary_factor"))
    return Architecture(
        "decoder", hidden, vocab, (block,), outside, _finish, False, angles=angles, keys=llama.key_width(config)
    )


def _finish(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("final_layernorm", x)


def _forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.layer_norm("input_layernorm", x)
    attended = _attend(config, modules, hidden)
    fed = modules.linear("fc2", new_gelu(modules.linear("fc1", hidden)))
    return add(add(attended, modules.after("feed_forward", fed)), x)


def _attend(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    query, key, value = modules.linear("q_proj", x), modules.linear("k_proj", x), modules.linear("v_proj", x)
    turned = share(config, "partial_rotary_factor")
    query, key = modules.rotary(query, turned), modules.rotary(key, turned)
    output = modules.attend(query, key, value, llama.heads_of(config, modules))
    return modules.after("attention", modules.linear("dense", output))
