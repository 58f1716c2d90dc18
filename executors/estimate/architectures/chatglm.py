"""ChatGLM2, ChatGLM3 and GLM-4 as they came first, with code of their own: fused projections and half-turned heads."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores, repeat
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, multiply, split
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import flag, number
from .parts import linears, rms_norms

MODEL_TYPES = frozenset({"chatglm"})
TURNED = 0.5
"""Share of every head that is turned by its position. Source: ``modeling_chatglm.py``, ``ChatGLMModel.__init__``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a ChatGLM decoder.

    Raises:
        UnsupportedError: The first ChatGLM, or a variant that the published sizes do not use.

    Source: ``modeling_chatglm.py`` of ChatGLM2-6B, ChatGLM3-6B and GLM-4-9B, which comes with the weights.
    """
    for name, published in (("rmsnorm", True), ("add_bias_linear", False), ("multi_query_attention", True)):
        if flag(config, name, published) != published:
            raise UnsupportedError(say("estimate.unknown_variant", key=name, value=config[name]))
    hidden, vocab = number(config, "hidden_size"), number(config, "padded_vocab_size")
    inner, heads = number(config, "ffn_hidden_size"), _heads(config, 1)
    query, key = heads.queries * heads.size, heads.keys * heads.size
    weights = (
        *linears({"query_key_value": (query + 2 * key, hidden)}, flag(config, "add_qkv_bias", True)),
        *linears({"dense": (hidden, query), "dense_h_to_4h": (2 * inner, hidden), "dense_4h_to_h": (hidden, inner)}),
        *rms_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    block = Block("layer", number(config, "num_layers"), weights, partial(_forward, config))
    outside = (
        Weight("word_embeddings", (vocab, hidden), "embedding"),
        Weight("output_layer", (vocab, hidden), "head"),
        *rms_norms(hidden, "final_layernorm"),
    )
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, _finish, False),
        angles=int(heads.size * TURNED) // 2,
        keys=key,
        narrows_logits=True,
    )


def _heads(config: Config, sequences: int) -> Heads:
    heads, groups = number(config, "num_attention_heads"), number(config, "multi_query_group_num")
    return Heads(sequences, heads, groups, number(config, "kv_channels"))


def _finish(modules: Modules, x: Value) -> Value:
    return modules.late_norm("final_layernorm", x)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    x = add(x, _attend(config, modules, modules.late_norm("input_layernorm", x)))
    return add(x, _feed_forward(modules, modules.late_norm("post_attention_layernorm", x)))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    """Return the attention's output; key heads are always copied once per query head before a fused kernel."""
    heads = _heads(config, modules.sequences)
    joined = modules.linear("query_key_value", x)
    query, key, value = split(joined, (heads.queries * heads.size, *[heads.keys * heads.size] * 2))
    del joined
    query, key = modules.rotary(query, TURNED), modules.rotary(key, TURNED)
    key, value = repeat(key, heads), repeat(value, heads)
    scores = Scores(apart=modules.sequences > 1)
    output = modules.attend(query, key, value, replace(heads, keys=heads.queries), scores)
    return modules.after("attention", modules.linear("dense", output))


def _feed_forward(modules: Modules, x: Value) -> Value:
    joined = modules.linear("dense_h_to_4h", x)
    gate, up = split(joined, (joined.width // 2,) * 2)
    del joined
    return modules.after("feed_forward", modules.linear("dense_4h_to_h", multiply(activation(gate), up)))
