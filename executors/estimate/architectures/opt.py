"""OPT: learned positions, ReLU, biases everywhere; the smallest embeds tokens in fewer numbers."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, dropout, scale
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import activated, layer_norms, linears

MODEL_TYPES = frozenset({"opt"})
DROPOUT, OFFSET = 0.1, 2
"""Default of ``dropout``, and rows of the position table before the first. Source: transformers ``OPTConfig``,
``OPTLearnedPositionalEmbedding``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of an OPT decoder.

    Raises:
        UnsupportedError: Layers without biases or norms without weights, as Galactica has.

    Source: transformers ``models/opt/modeling_opt.py``.
    """
    for name in ("enable_bias", "layer_norm_elementwise_affine"):
        if not flag(config, name, True):
            raise UnsupportedError(say("estimate.unknown_variant", key=name, value=config[name]))
    hidden, vocab, inner = (number(config, key) for key in ("hidden_size", "vocab_size", "ffn_dim"))
    narrow, positions = number(config, "word_embed_proj_dim", hidden), number(config, "max_position_embeddings")
    shapes = dict.fromkeys(("k_proj", "v_proj", "q_proj", "out_proj"), (hidden, hidden))
    shapes |= {"fc1": (inner, hidden), "fc2": (hidden, inner)}
    weights = (*linears(shapes, biased=True), *layer_norms(hidden, "self_attn_layer_norm", "final_layer_norm"))
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config))
    outside = (
        Weight("embed_tokens", (vocab, narrow), "embedding"),
        Weight("embed_positions", (positions + OFFSET, hidden), "embedding"),
        *(linears({"project_in": (hidden, narrow), "project_out": (narrow, hidden)}) if narrow != hidden else ()),
        *(layer_norms(hidden, "norm") if _normed_first(config) else ()),
    )
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, _finish, True, partial(_start, config)), keys=hidden
    )


def _normed_first(config: Config) -> bool:
    return flag(config, "do_layer_norm_before", True)


def _start(config: Config, modules: Modules, x: Value) -> Value:
    if "project_in" in modules.weights:
        x = modules.linear("project_in", x)
    return modules.summed(x, modules.positions(x, of_each=True))


def _finish(modules: Modules, x: Value) -> Value:
    if "norm" in modules.weights:
        x = modules.layer_norm("norm", x)
    return modules.linear("project_out", x) if "project_out" in modules.weights else x


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    x = _around(config, modules, x, "self_attn_layer_norm", partial(_attend, config, modules))
    return _around(config, modules, x, "final_layer_norm", partial(_feed_forward, config, modules))


def _around(config: Config, modules: Modules, x: Value, norm: str, inner: "partial[Value]") -> Value:
    """Return ``x`` with a sub-layer's output added, and a norm before or behind."""
    first = _normed_first(config)
    hidden = inner(modules.layer_norm(norm, x) if first else x)
    hidden = add(x, dropout(hidden, share(config, "dropout", DROPOUT)))
    return hidden if first else modules.layer_norm(norm, hidden)


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    query = scale(modules.linear("q_proj", x))
    key, value = modules.linear("k_proj", x), modules.linear("v_proj", x)
    heads = number(config, "num_attention_heads")
    scores = Scores(wide=False, chance=share(config, "attention_dropout", 0.0))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
    return modules.after("attention", modules.linear("out_proj", output))


def _feed_forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = activated(config.get("activation_function", "relu"), modules.linear("fc1", x))
    return modules.after("feed_forward", modules.linear("fc2", hidden))
