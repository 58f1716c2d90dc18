"""Phi-3, Phi-4, GLM and GLM-4-0414: Llama's block with fused projections; GLM turns half of every head."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, multiply, split
from ..weights import Architecture, Block, Weight
from . import llama
from .config import flag, number, share
from .parts import linears, outer, rms_norms

MODEL_TYPES = frozenset({"phi3", "glm", "glm4"})


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a decoder with fused projections.

    Source: transformers ``models/phi3/modeling_phi3.py``, ``models/glm/modeling_glm.py``.
    """
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    tied = flag(config, "tie_word_embeddings", False)
    inner = number(config, "intermediate_size")
    mlp = linears({"gate_up_proj": (2 * inner, hidden), "down_proj": (hidden, inner)})
    behind = ("post_self_attn_layernorm", "post_mlp_layernorm") if config["model_type"] == "glm4" else ()
    norms = rms_norms(hidden, "input_layernorm", "post_attention_layernorm", *behind)
    weights = (*_attention(config), *mlp, *norms)
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config))
    outside = (*outer(vocab, hidden, tied=tied), *rms_norms(hidden, "norm"))
    angles = int(llama.head_size(config) * share(config, "partial_rotary_factor"))
    return Architecture(
        "decoder", hidden, vocab, (block,), outside, llama.finish, tied, angles=angles, keys=llama.key_width(config)
    )


def _attention(config: Mapping[str, JsonValue]) -> Iterator[Weight]:
    hidden, size = number(config, "hidden_size"), llama.head_size(config)
    heads = number(config, "num_attention_heads")
    query, key = heads * size, number(config, "num_key_value_heads", heads) * size
    if config["model_type"] == "phi3":
        yield from linears({"qkv_proj": (query + 2 * key, hidden)})
    else:
        shapes = {"q_proj": (query, hidden), "k_proj": (key, hidden), "v_proj": (key, hidden)}
        yield from linears(shapes, flag(config, "attention_bias", False))
    yield from linears({"o_proj": (hidden, query)})


def _forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.rms_norm("input_layernorm", x)
    hidden = add(x, _normed_behind(modules, "post_self_attn_layernorm", _attend(config, modules, hidden)))
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    return add(residual, _normed_behind(modules, "post_mlp_layernorm", _feed_forward(modules, hidden)))


def _normed_behind(modules: Modules, name: str, x: Value) -> Value:
    return modules.rms_norm(name, x) if name in modules.weights else x


def _attend(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    heads = llama.heads_of(config, modules)
    if "qkv_proj" in modules.weights:
        joined = modules.linear("qkv_proj", x)
        query, key, value = split(
            joined, (heads.queries * heads.size, heads.keys * heads.size, heads.keys * heads.size)
        )
        del joined
    else:
        query, key, value = modules.linear("q_proj", x), modules.linear("k_proj", x), modules.linear("v_proj", x)
    turned = share(config, "partial_rotary_factor")
    query, key = modules.rotary(query, turned), modules.rotary(key, turned)
    output = modules.attend(query, key, value, heads)
    return modules.after("attention", modules.linear("o_proj", output))


def _feed_forward(modules: Modules, x: Value) -> Value:
    joined = modules.linear("gate_up_proj", x)
    gate, up = split(joined, (joined.width // 2, joined.width // 2))
    up = multiply(up, activation(gate))
    return modules.after("feed_forward", modules.linear("down_proj", up))
