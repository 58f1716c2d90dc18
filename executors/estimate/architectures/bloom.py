"""BLOOM: positions as a bias on written-out scores, one projection for queries, keys and values, a normed embedding."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Gradients, Value, fresh, record
from ..shadow.memory import Storage
from ..shadow.modules import Modules
from ..shadow.operations import add, dropout, split
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import layer_norms, linears

MODEL_TYPES = frozenset({"bloom"})

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a BLOOM decoder.

    Raises:
        UnsupportedError: Residuals behind the norms, which no published size has.

    Source: transformers ``models/bloom/modeling_bloom.py``; ``attribute_map`` on the config's older names.
    """
    if flag(config, "apply_residual_connection_post_layernorm", False):
        key = "apply_residual_connection_post_layernorm"
        raise UnsupportedError(say("estimate.unknown_variant", key=key, value=config[key]))
    hidden = number(config, "hidden_size", _older(config, "n_embed"))
    vocab, layers = number(config, "vocab_size"), number(config, "n_layer", _older(config, "num_hidden_layers"))
    shapes = {
        "self_attention.query_key_value": (3 * hidden, hidden),
        "self_attention.dense": (hidden, hidden),
        "mlp.dense_h_to_4h": (4 * hidden, hidden),
        "mlp.dense_4h_to_h": (hidden, 4 * hidden),
    }
    norms = layer_norms(hidden, "input_layernorm", "post_attention_layernorm")
    block = Block("layer", layers, (*linears(shapes, biased=True), *norms), partial(_forward, config))
    embedding = Weight("word_embeddings", (vocab, hidden), "embedding")
    outside = (embedding, *layer_norms(hidden, "word_embeddings_layernorm", "ln_f"))
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, _finish, True, _start), needs_eager=True, keys=hidden
    )


def _older(config: Config, name: str) -> int | None:
    value = config.get(name)
    return value if isinstance(value, int) else None


def _start(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("word_embeddings_layernorm", x)


def _finish(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("ln_f", x)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = _attend(config, modules, modules.layer_norm("input_layernorm", x))
    x = add(x, dropout(hidden, share(config, "hidden_dropout", 0.0)))
    hidden = _feed_forward(modules, modules.layer_norm("post_attention_layernorm", x))
    return add(x, dropout(hidden, share(config, "hidden_dropout", 0.0)))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    """Return the attention's output; one product scales the scores and adds the bias."""
    heads = number(config, "n_head", _older(config, "num_attention_heads"))
    joined = modules.linear("self_attention.query_key_value", x)
    query, key, value = split(joined, (x.width,) * 3)
    del joined
    scores = Scores(scaled=True, chance=share(config, "attention_dropout", 0.0))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
    return modules.after("attention", modules.linear("self_attention.dense", output))


def _feed_forward(modules: Modules, x: Value) -> Value:
    hidden = _gelu(modules.linear("mlp.dense_h_to_4h", x))
    return modules.after("feed_forward", modules.linear("mlp.dense_4h_to_h", hidden))


def _gelu(x: Value) -> Value:
    """Return GELU written out, of which only the input is kept. Source: ``GeLUFunction``."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        factors = [run.new(size) for _ in range(4)]
        result = run.new(size)
        del factors
        return (result,)

    factors = [run.new(size) for _ in range(3)]
    output = fresh(run, x.rows, x.width, x.item)
    del factors
    return record(output, (x,), (x.storage,), back)
