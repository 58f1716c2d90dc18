"""Baichuan 2: Llama's block with one projection for queries, keys and values, and a head of normalised rows."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Gradients, Value, fresh, record, view
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
ROTARY_WIDTH, BIASED_WIDTH = 4096, 5120
"""Widths of the sizes with 7B, whose positions are rotary, and with 13B, where they are a bias on the scores."""


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Baichuan 2 decoder.

    Raises:
        UnsupportedError: Neither of the two published sizes.

    Source: Baichuan2-7B and Baichuan2-13B ``modeling_baichuan.py``, which come with the weights.
    """
    hidden, vocab, heads = (number(config, key) for key in ("hidden_size", "vocab_size", "num_attention_heads"))
    if hidden not in {ROTARY_WIDTH, BIASED_WIDTH}:
        raise UnsupportedError(say("estimate.baichuan_width", hidden=hidden, known=f"{ROTARY_WIDTH}, {BIASED_WIDTH}"))
    rotary = hidden == ROTARY_WIDTH
    weights = (
        *linears({"self_attn.W_pack": (3 * hidden, hidden), "self_attn.o_proj": (hidden, hidden)}),
        *gated_mlp(config),
        *rms_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    forward, enter = partial(_forward, heads, rotary), None if rotary else partial(_enter, heads)
    block = Block("layer", number(config, "num_hidden_layers"), weights, forward, enter)
    outside: tuple[Weight, ...] = (*outer(vocab, hidden, tied=False), *rms_norms(hidden, "norm"))
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, finish, False),
        after_head=partial(_normalised, vocab * hidden),
        angles=2 * hidden // heads * rotary,
        upcasts_logits=False,
        keys=hidden,
    )


def _enter(heads: int, modules: Modules, x: Value) -> tuple[Value, Mapping[str, Value]]:
    """Return what all layers of the larger size read: the bias of every head and pair, and its sum with the mask.

    Source: ``BaichuanModel.forward``: ``alibi_mask``, which the model keeps, and ``inverted_mask + alibi_mask``.
    """
    length = x.rows // modules.sequences
    bias = fresh(modules.run, heads * length, length, x.item)
    return x, {"alibi": bias, "mask": fresh(modules.run, modules.sequences * heads * length, length, x.item)}


def _forward(heads: int, rotary: bool, modules: Modules, x: Value) -> Value:
    if rotary:
        x = add(x, _attend(heads, modules, modules.rms_norm("input_layernorm", x)))
        return add(x, feed_forward(modules, modules.rms_norm("post_attention_layernorm", x)))
    x = add(x, _attend_biased(heads, modules, modules.t5_norm("input_layernorm", x)))
    return add(x, feed_forward(modules, modules.t5_norm("post_attention_layernorm", x)))


def _attend(heads: int, modules: Modules, x: Value) -> Value:
    query, key, value = _projected(modules, x)
    query, key = (cast(modules.rotary(cast(one, FP32)), one.item) for one in (query, key))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads))
    return modules.after("attention", modules.linear("self_attn.o_proj", output))


def _attend_biased(heads: int, modules: Modules, x: Value) -> Value:
    """Return attention with biased scores: in a fused kernel where xformers is installed, else written out.

    Written-out scores get the mask, then the least finite number where that is larger; autocast widens the softmax.

    Source: Baichuan2-13B ``BaichuanAttention.forward``.
    """
    query, key, value = _projected(modules, x)
    scores = Scores(bias=modules.shared["mask"])
    if modules.attention == "eager":
        scores = Scores(limit=_at_least, wide=modules.run.amp_item > 0)
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
    return modules.after("attention", modules.linear("self_attn.o_proj", output))


def _projected(modules: Modules, x: Value) -> tuple[Value, ...]:
    return split(modules.linear("self_attn.W_pack", x), (x.width,) * 3)


def _at_least(x: Value) -> Value:
    """Return the larger of every number and a constant; ``x`` is saved. Source: PyTorch ``maximum`` in derivatives."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        equal, half = run.new(x_numbers), run.new(size)
        result = run.new(size)
        del equal, half
        return (result,)

    x_numbers = x.numbers
    return record(fresh(run, x.rows, x.width, x.item), (x,), (x.storage,), back)


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
