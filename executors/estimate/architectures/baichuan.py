"""Baichuan 2 with 7B: Llama's block with one projection for queries, keys and values, and a head of normalised rows."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads
from ..shadow.graph import Gradients, Value, record, view
from ..shadow.memory import Kind, Storage
from ..shadow.modules import Modules
from ..shadow.norms import FP32
from ..shadow.operations import add, cast, split
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import number
from .llama import feed_forward, finish, gated_mlp
from .parts import linears, outer, rms_norms

MODEL_TYPES = frozenset({"baichuan"})
ROTARY_WIDTH = 4096
"""Width of the size with rotary positions; the larger one adds biases to scores, in a kernel that varies."""


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Baichuan 2 decoder.

    Raises:
        UnsupportedError: The larger size, whose attention depends on whether xformers is installed.

    Source: Baichuan2-7B ``modeling_baichuan.py``, which comes with the weights.
    """
    hidden, vocab, heads = (number(config, key) for key in ("hidden_size", "vocab_size", "num_attention_heads"))
    if hidden != ROTARY_WIDTH:
        raise UnsupportedError(say("estimate.baichuan_width", hidden=hidden, known=ROTARY_WIDTH))
    weights = (
        *linears({"self_attn.W_pack": (3 * hidden, hidden), "self_attn.o_proj": (hidden, hidden)}),
        *gated_mlp(config),
        *rms_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, heads))
    outside: tuple[Weight, ...] = (*outer(vocab, hidden, tied=False), *rms_norms(hidden, "norm"))
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, finish, False),
        after_head=partial(_normalised, vocab * hidden),
        angles=2 * hidden // heads,
        upcasts_logits=False,
        keys=hidden,
    )


def _forward(heads: int, modules: Modules, x: Value) -> Value:
    x = add(x, _attend(heads, modules, modules.rms_norm("input_layernorm", x)))
    return add(x, feed_forward(modules, modules.rms_norm("post_attention_layernorm", x)))


def _attend(heads: int, modules: Modules, x: Value) -> Value:
    width = x.width
    joined = modules.linear("self_attn.W_pack", x)
    query, key, value = split(joined, (width, width, width))
    del joined
    query, key = (cast(modules.rotary(cast(one, FP32)), one.item) for one in (query, key))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, width // heads))
    return modules.after("attention", modules.linear("self_attn.o_proj", output))


def _normalised(elements: int, modules: Modules, logits: Value) -> Value:
    """Return the logits; the normalised head stays for the backward pass, made in float32 under autocast.

    Source: ``NormHead.forward``; PyTorch's autocast computes norms in float32, whose quotient with 16 bits is float32.
    """
    run, item = modules.run, modules.item
    wide = run.new(elements * FP32, Kind.TEMPORARY) if run.amp_item else None
    normalised = run.new(elements * item, Kind.TEMPORARY)
    del wide

    def back(gradient: Storage) -> Gradients:
        return (gradient,)

    return record(view(logits, logits.rows, logits.width), (logits,), (normalised,), back)
