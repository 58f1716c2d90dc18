"""GPT-NeoX and Pythia: attention and feed-forward side by side behind norms of their own, partly rotary heads."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, dropout, split
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import activated, layer_norms, linears

MODEL_TYPES = frozenset({"gpt_neox"})
TURNED = 0.25
"""Default of ``rotary_pct``. Source: transformers ``GPTNeoXConfig``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a GPT-NeoX decoder.

    Source: transformers ``models/gpt_neox/modeling_gpt_neox.py``.
    """
    hidden, vocab, inner = (number(config, key) for key in ("hidden_size", "vocab_size", "intermediate_size"))
    attention = {"query_key_value": (3 * hidden, hidden), "dense": (hidden, hidden)}
    weights = (
        *linears(attention, flag(config, "attention_bias", True)),
        *linears({"dense_h_to_4h": (inner, hidden), "dense_4h_to_h": (hidden, inner)}, biased=True),
        *layer_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config))
    tied = flag(config, "tie_word_embeddings", False)
    outside = (
        Weight("embed_in", (vocab, hidden), "embedding"),
        *(() if tied else (Weight("embed_out", (vocab, hidden), "head"),)),
        *layer_norms(hidden, "final_layer_norm"),
    )
    angles = int(hidden // number(config, "num_attention_heads") * _turned(config))
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, _finish, tied, partial(_start, config)),
        angles=angles,
        keys=hidden,
    )


def _turned(config: Config) -> float:
    """Return the share of every head that is turned, which newer configs keep among the rotary parameters."""
    listed = config.get("rope_parameters")
    new = share(listed, "partial_rotary_factor", TURNED) if isinstance(listed, dict) else TURNED
    return share(config, "rotary_pct", new)


def _start(config: Config, modules: Modules, x: Value) -> Value:
    return dropout(x, share(config, "hidden_dropout", 0.0))


def _finish(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("final_layer_norm", x)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    chance = share(config, "hidden_dropout", 0.0)
    attended = dropout(_attend(config, modules, modules.layer_norm("input_layernorm", x)), chance)
    if not flag(config, "use_parallel_residual", True):
        x = attended = add(attended, x)
    fed = _feed_forward(config, modules, modules.layer_norm("post_attention_layernorm", x))
    fed = dropout(fed, chance)
    if not flag(config, "use_parallel_residual", True):
        return add(fed, attended)
    return add(add(fed, attended), x)


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    width, heads = x.width, number(config, "num_attention_heads")
    joined = modules.linear("query_key_value", x)
    query, key, value = split(joined, (width, width, width))
    del joined
    query, key = modules.rotary(query, _turned(config)), modules.rotary(key, _turned(config))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, width // heads))
    return modules.after("attention", modules.linear("dense", output))


def _feed_forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = activated(config.get("hidden_act"), modules.linear("dense_h_to_4h", x))
    return modules.after("feed_forward", modules.linear("dense_4h_to_h", hidden))
