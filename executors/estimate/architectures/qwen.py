"""The first Qwen: Llama's block with joined, biased attention projections and rotary positions in float32."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.norms import FP32
from ..shadow.operations import activation, add, cast, multiply, split
from ..weights import Architecture, Block, Weight
from .config import flag, number
from .parts import linears, rms_norms

MODEL_TYPES = frozenset({"qwen"})


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Qwen decoder.

    Source: Qwen ``modeling_qwen.py``, which comes with the weights.
    """
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    inner, heads = number(config, "intermediate_size") // 2, number(config, "num_attention_heads")
    weights = (
        *linears({"attn.c_attn": (3 * hidden, hidden)}, biased=True),
        *linears({"attn.c_proj": (hidden, hidden)}),
        *linears({"mlp.w1": (inner, hidden), "mlp.w2": (inner, hidden), "mlp.c_proj": (hidden, inner)}),
        *rms_norms(hidden, "ln_1", "ln_2"),
    )
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, heads))
    outside = (
        Weight("wte", (vocab, hidden), "embedding"),
        Weight("lm_head", (vocab, hidden), "head"),
        *rms_norms(hidden, "ln_f"),
    )
    size = hidden // heads
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, _finish, flag(config, "tie_word_embeddings", False)),
        angles=2 * size,
        upcasts_logits=False,
        keys=hidden,
    )


def _finish(modules: Modules, x: Value) -> Value:
    return modules.rms_norm("ln_f", x)


def _forward(heads: int, modules: Modules, x: Value) -> Value:
    hidden = _attend(heads, modules, modules.rms_norm("ln_1", x))
    x = add(hidden, x)
    hidden = modules.rms_norm("ln_2", x)
    return add(modules.after("feed_forward", _feed_forward(modules, hidden)), x)


def _attend(heads: int, modules: Modules, x: Value) -> Value:
    width = x.width
    joined = modules.linear("attn.c_attn", x)
    query, key, value = split(joined, (width, width, width))
    del joined
    query, key = _turned(modules, query), _turned(modules, key)
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, width // heads))
    return modules.after("attention", modules.linear("attn.c_proj", output))


def _turned(modules: Modules, x: Value) -> Value:
    """Return queries or keys turned in float32. Source: ``apply_rotary_pos_emb``."""
    return cast(modules.rotary(cast(x, FP32)), x.item)


def _feed_forward(modules: Modules, x: Value) -> Value:
    first, second = modules.linear("mlp.w1", x), modules.linear("mlp.w2", x)
    return modules.linear("mlp.c_proj", multiply(first, activation(second)))
