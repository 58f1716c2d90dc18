"""Decoders shaped like Llama: RMSNorm, rotary attention with grouped heads, a gated MLP."""

from collections.abc import Mapping
from functools import partial

from pydantic import JsonValue

from ..shadow.attention import Heads
from ..shadow.graph import Value, view
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, multiply
from ..weights import Architecture, Block, Weight
from .config import flag, number

MODEL_TYPES = frozenset({"llama", "mistral", "qwen2", "qwen3"})


def read(config: Mapping[str, JsonValue]) -> Architecture:
    """Return the shapes of a Llama-like decoder.

    Source: transformers ``models/llama/modeling_llama.py`` and its siblings for Mistral and Qwen.
    """
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    tied = flag(config, "tie_word_embeddings", False)
    weights = (*attention(config), *gated_mlp(config), *norms(config))
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(forward, config))
    head = () if tied else (Weight("lm_head", (vocab, hidden), "head"),)
    outside = (Weight("embed_tokens", (vocab, hidden), "embedding"), Weight("norm", (hidden,), "norm"), *head)
    return Architecture("decoder", hidden, vocab, (block,), outside, finish, tied, angles=head_size(config))


def finish(modules: Modules, x: Value) -> Value:
    """Return the last hidden states, normed."""
    return modules.rms_norm("norm", x)


def forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    """Return a block's output."""
    hidden = modules.rms_norm("input_layernorm", x)
    hidden = attend(config, modules, hidden)
    hidden = add(x, hidden)
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    hidden = feed_forward(modules, hidden)
    return add(residual, hidden)


def attend(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    """Return the attention's output, projected."""
    query = _normed(modules, "q_norm", modules.linear("q_proj", x))
    key = _normed(modules, "k_norm", modules.linear("k_proj", x))
    value = modules.linear("v_proj", x)
    query, key = modules.rotary(query), modules.rotary(key)
    size = head_size(config)
    heads = Heads(modules.sequences, query.width // size, key.width // size, size)
    output = modules.attend(query, key, value, heads)
    return modules.after("attention", modules.linear("o_proj", output))


def _normed(modules: Modules, name: str, x: Value) -> Value:
    if name not in modules.weights:
        return x
    width, size = x.width, modules.weights[name].elements
    return view(modules.rms_norm(name, view(x, x.numbers // size, size)), x.numbers // width, width)


def feed_forward(modules: Modules, x: Value) -> Value:
    """Return the gated feed-forward layer's output."""
    output = modules.linear(
        "down_proj", multiply(activation(modules.linear("gate_proj", x)), modules.linear("up_proj", x))
    )
    return modules.after("feed_forward", output)


def head_size(config: Mapping[str, JsonValue]) -> int:
    """Return the numbers per attention head."""
    return number(config, "head_dim", number(config, "hidden_size") // number(config, "num_attention_heads"))


def attention(config: Mapping[str, JsonValue]) -> tuple[Weight, ...]:
    """Return the attention's weights; Qwen 2 has biases on q, k and v, Llama where ``attention_bias`` says so."""
    hidden, heads = number(config, "hidden_size"), number(config, "num_attention_heads")
    size = head_size(config)
    query, key = heads * size, number(config, "num_key_value_heads", heads) * size
    kind = config["model_type"]
    biased = kind == "qwen2" or flag(config, "attention_bias", False)
    names = {"q_proj": (query, hidden), "k_proj": (key, hidden), "v_proj": (key, hidden), "o_proj": (hidden, query)}
    weights = [Weight(name, shape, "linear") for name, shape in names.items()]
    with_bias = [name for name in names if biased and (name != "o_proj" or kind != "qwen2")]
    weights += [Weight(f"{name}.bias", names[name][:1], "other") for name in with_bias]
    if kind == "qwen3":
        weights += [Weight("q_norm", (size,), "norm"), Weight("k_norm", (size,), "norm")]
    return tuple(weights)


def gated_mlp(config: Mapping[str, JsonValue]) -> tuple[Weight, ...]:
    """Return the weights of a gated feed-forward layer."""
    hidden, inner = number(config, "hidden_size"), number(config, "intermediate_size")
    shapes = {"gate_proj": (inner, hidden), "up_proj": (inner, hidden), "down_proj": (hidden, inner)}
    biased = flag(config, "mlp_bias", False)
    biases = [Weight(f"{name}.bias", shape[:1], "other") for name, shape in shapes.items() if biased]
    return (*(Weight(name, shape, "linear") for name, shape in shapes.items()), *biases)


def norms(config: Mapping[str, JsonValue]) -> tuple[Weight, ...]:
    """Return the two norms of a block."""
    hidden = number(config, "hidden_size")
    return (Weight("input_layernorm", (hidden,), "norm"), Weight("post_attention_layernorm", (hidden,), "norm"))
