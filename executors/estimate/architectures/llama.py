"""Decoders shaped like Llama: RMSNorm, rotary attention with grouped heads, a gated MLP."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads
from ..shadow.graph import Value, view
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, multiply
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import flag, number
from .parts import linears, outer, rms_norms

MODEL_TYPES = frozenset(
    {"llama", "mistral", "ministral", "ministral3", "qwen2", "qwen3", "smollm3", "ernie4_5"},
)
HEAD_SIZES = dict.fromkeys(("qwen3", "glm", "glm4", "ernie4_5", "ministral3"), 128) | dict.fromkeys(
    ("gemma", "gemma2", "gemma3_text"), 256
)
"""Numbers per head where the config does not say. Source: transformers ``Qwen3Config``, ``GlmConfig``, ``Glm4Config``,
``Ernie4_5Config``, ``Ministral3Config``, ``GemmaConfig``, ``Gemma2Config``, ``Gemma3TextConfig``."""
TIED = frozenset({"smollm3", "ernie4_5"})
"""Families whose head is the embedding unless the config says otherwise. Source: transformers ``SmolLM3Config``,
``Ernie4_5Config``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a Llama-like decoder.

    Raises:
        UnsupportedError: ERNIE with biases everywhere, which no published size has.

    Source: transformers ``models/llama/modeling_llama.py`` and its siblings of the names above.
    """
    if flag(config, "use_bias", False):
        raise UnsupportedError(say("estimate.unknown_variant", key="use_bias", value=config["use_bias"]))
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    tied = flag(config, "tie_word_embeddings", config["model_type"] in TIED)
    weights = (
        *attention(config),
        *gated_mlp(config),
        *rms_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(forward, config))
    outside = (*outer(vocab, hidden, tied=tied), *rms_norms(hidden, "norm"))
    return Architecture(
        "decoder", hidden, vocab, (block,), outside, finish, tied, angles=head_size(config), keys=key_width(config)
    )


def finish(modules: Modules, x: Value) -> Value:
    """Return the last hidden states, normed."""
    return modules.rms_norm("norm", x)


def forward(config: Config, modules: Modules, x: Value) -> Value:
    """Return a block's output."""
    hidden = modules.rms_norm("input_layernorm", x)
    hidden = attend(config, modules, hidden)
    hidden = add(x, hidden)
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    hidden = feed_forward(modules, hidden)
    return add(residual, hidden)


def attend(config: Config, modules: Modules, x: Value) -> Value:
    """Return the attention's output, projected."""
    query = _normed(modules, "q_norm", modules.linear("q_proj", x))
    key = _normed(modules, "k_norm", modules.linear("k_proj", x))
    value = modules.linear("v_proj", x)
    query, key = modules.rotary(query), modules.rotary(key)
    output = modules.attend(query, key, value, heads_of(config, modules))
    return modules.after("attention", modules.linear("o_proj", output))


def _normed(modules: Modules, name: str, x: Value) -> Value:
    if name not in modules.weights:
        return x
    width, size = x.width, modules.weights[name].elements
    return view(modules.rms_norm(name, view(x, x.numbers // size, size)), x.numbers // width, width)


def feed_forward(modules: Modules, x: Value) -> Value:
    """Return the gated feed-forward layer's output."""
    hidden = multiply(activation(modules.linear("gate_proj", x)), modules.linear("up_proj", x))
    return modules.after("feed_forward", modules.linear("down_proj", hidden))


def attention(config: Config) -> Iterator[Weight]:
    """Yield the attention's weights; Qwen 2 has biases on q, k and v, others where ``attention_bias`` says so."""
    hidden, size = number(config, "hidden_size"), head_size(config)
    heads = number(config, "num_attention_heads")
    query, key = heads * size, number(config, "num_key_value_heads", heads) * size
    qwen2, biased = config["model_type"] == "qwen2", flag(config, "attention_bias", False)
    yield from linears({"q_proj": (query, hidden), "k_proj": (key, hidden), "v_proj": (key, hidden)}, qwen2 or biased)
    yield from linears({"o_proj": (hidden, query)}, biased and not qwen2)
    if config["model_type"] in {"qwen3", "qwen3_moe"}:
        yield from rms_norms(size, "q_norm", "k_norm")


def gated_mlp(config: Config) -> Iterator[Weight]:
    """Yield the weights of a gated feed-forward layer."""
    hidden, inner = number(config, "hidden_size"), number(config, "intermediate_size")
    shapes = {"gate_proj": (inner, hidden), "up_proj": (inner, hidden), "down_proj": (hidden, inner)}
    return linears(shapes, flag(config, "mlp_bias", False))


def head_size(config: Config) -> int:
    """Return the numbers per attention head; some families have a default of their own."""
    even = number(config, "hidden_size") // number(config, "num_attention_heads")
    return number(config, "head_dim", HEAD_SIZES.get(str(config["model_type"]), even))


def key_width(config: Config) -> int:
    """Return the numbers per token of a layer's keys."""
    return number(config, "num_key_value_heads", number(config, "num_attention_heads")) * head_size(config)


def heads_of(config: Config, modules: Modules) -> Heads:
    """Return the attention's sizes."""
    heads = number(config, "num_attention_heads")
    return Heads(modules.sequences, heads, number(config, "num_key_value_heads", heads), head_size(config))
