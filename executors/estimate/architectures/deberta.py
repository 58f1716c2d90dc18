"""DeBERTa 2 and 3: an encoder whose attention also looks up how far two tokens are apart."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import FP32, product, softmax
from ..shadow.graph import Gradients, Value, fresh, record
from ..shadow.memory import Storage
from ..shadow.modules import Modules
from ..shadow.norms import leafed
from ..shadow.operations import activation, add, cast, copy, dropout, last_rows, scale
from ..shadow.relative import INT64, gathered, masked, repeated
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight, unchanged
from .bert import DROPOUT, LABELS, head_kind
from .config import flag, number, share
from .parts import POOLING, layer_norms, linears, sentence_vectors

MODEL_TYPES = frozenset({"deberta-v2"})
CHANCE = "hidden_dropout_prob"

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a DeBERTa encoder; no fused kernel computes its attention.

    Raises:
        UnsupportedError: A convolution after the first layer, a narrower embedding, or attention without distances.

    Source: transformers ``models/deberta_v2/modeling_deberta_v2.py``.
    """
    hidden, inner, vocab = (number(config, key) for key in ("hidden_size", "intermediate_size", "vocab_size"))
    _check(config, hidden)
    names = ["query_proj", "key_proj", "value_proj"]
    if not flag(config, "share_att_key", False):
        names += [{"c2p": "pos_key_proj", "p2c": "pos_query_proj"}[kind] for kind in _kinds(config)]
    attention = {f"attention.self.{name}": (hidden, hidden) for name in names}
    shapes = {
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (inner, hidden),
        "output.dense": (hidden, inner),
    }
    weights = (*linears(attention | shapes, biased=True), *layer_norms(hidden, "attention_norm", "output_norm"))
    block = Block(
        "layer", number(config, "num_hidden_layers"), weights, partial(_forward, config), partial(_enter, config)
    )
    masked_head = head_kind(config) == "ForMaskedLM"
    finish: dict[str, Callable[[Modules, Value], Value]] = {
        "ForMaskedLM": _transformed,
        "ForSequenceClassification": partial(_pooled, config),
    }
    return Architecture(
        "encoder",
        hidden,
        vocab if masked_head else number(config, "num_labels", LABELS),
        (block,),
        tuple(_outside(config, hidden, vocab)),
        finish.get(head_kind(config), unchanged),
        masked_head,
        partial(_start, config),
        needs_eager=True,
    )


def _check(config: Config, hidden: int) -> None:
    odd = {"conv_kernel_size": 0, "embedding_size": hidden, "relative_attention": True, "legacy": True}
    for name, usual in odd.items():
        value = config.get(name, False if name == "relative_attention" else usual)
        if value != usual:
            raise UnsupportedError(say("estimate.unknown_variant", key=name, value=value))


def _kinds(config: Config) -> list[str]:
    """Return which of the two look-ups there are: of the key's distance and of the query's."""
    words = str(config.get("pos_att_type"))  # a list, or words between bars
    return [kind for kind in ("c2p", "p2c") if kind in words]


def _distances(config: Config) -> int:
    """Return the rows of the table of distances, both directions together."""
    for name in ("position_buckets", "max_relative_positions"):
        value = config.get(name)
        if isinstance(value, int) and value > 0:
            return 2 * value
    return 2 * number(config, "max_position_embeddings")


def _outside(config: Config, hidden: int, vocab: int) -> Iterator[Weight]:
    yield Weight("word_embeddings", (vocab, hidden), "embedding")
    if flag(config, "position_biased_input", True):
        yield Weight("position_embeddings", (number(config, "max_position_embeddings"), hidden), "embedding")
    if config.get("type_vocab_size"):
        yield Weight("token_type_embeddings", (number(config, "type_vocab_size"), hidden), "embedding")
    yield from layer_norms(hidden, "embeddings_norm")
    yield Weight("rel_embeddings", (_distances(config), hidden), "other")
    if "layer_norm" in str(config.get("norm_rel_ebd", "none")):
        yield from layer_norms(hidden, "rel_norm")
    kind = head_kind(config)
    if kind == "ForMaskedLM":
        yield from linears({"transform": (hidden, hidden)}, biased=True)
        yield from layer_norms(hidden, "transform_norm")
        yield Weight("decoder.bias", (vocab,), "other")
    if kind == "ForSequenceClassification":
        classes = number(config, "num_labels", LABELS)
        yield from linears({} if config.get(POOLING) else {"pooler.dense": (hidden, hidden)}, biased=True)
        yield from (Weight("classifier", (classes, hidden), "head"), Weight("classifier.bias", (classes,), "other"))


def _start(config: Config, modules: Modules, x: Value) -> Value:
    if "position_embeddings" in modules.weights:
        x = add(x, modules.positions(x))
    if "token_type_embeddings" in modules.weights:
        x = add(x, modules.spread(x, 1))
    x = scale(modules.layer_norm("embeddings_norm", x))  # times the mask of padding
    return dropout(x, share(config, CHANCE, DROPOUT))


def _enter(config: Config, modules: Modules, x: Value) -> tuple[Value, Mapping[str, Value]]:
    """Return the table of distances, normed, which all layers share, and the distances of all pairs."""
    weight, run, length = modules.weights["rel_embeddings"], modules.run, x.rows // modules.sequences
    item = modules.placement.item_of(weight)
    table = Value(run, run.new(0), weight.shape[0], weight.shape[1], item)

    def back(gradient: Storage) -> Gradients:
        run.parameter_gradient(weight.elements * item)
        return (None,)

    if modules.method.trains(weight):
        table = record(table, (leafed(table),), (), back)
    if "rel_norm" in modules.weights:
        table = modules.layer_norm("rel_norm", table)
    return x, {"table": table, "distances": fresh(run, length, length, INT64)}


def _transformed(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("transform_norm", activation(modules.linear("transform", x)))


def _pooled(config: Config, modules: Modules, x: Value) -> Value:
    if config.get(POOLING):
        return dropout(sentence_vectors(config, modules, x), share(config, CHANCE, DROPOUT))
    x = dropout(last_rows(x, modules.sequences), share(config, "pooler_dropout", 0.0))
    return dropout(activation(modules.linear("pooler.dense", x)), share(config, CHANCE, DROPOUT))


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    chance = share(config, CHANCE, DROPOUT)
    hidden = modules.linear("attention.output.dense", _attend(config, modules, x))
    x = modules.layer_norm("attention_norm", add(modules.after("attention", dropout(hidden, chance)), x))
    hidden = modules.linear("output.dense", activation(modules.linear("intermediate.dense", x)))
    return modules.layer_norm("output_norm", add(modules.after("feed_forward", dropout(hidden, chance)), x))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    query, key, value = (copy(modules.linear(f"attention.self.{name}_proj", x)) for name in ("query", "key", "value"))
    rows, width, length = x.rows * number(config, "num_attention_heads"), x.width, x.rows // modules.sequences
    scores = product(query, scale(key), rows, length)
    table = dropout(modules.shared["table"], share(config, CHANCE, DROPOUT))
    away: Value | None = None
    for kind in _kinds(config):
        other = "key" if kind == "c2p" else "query"
        name = f"{other}_proj" if flag(config, "share_att_key", False) else f"pos_{other}_proj"
        places = repeated(copy(modules.linear(f"attention.self.{name}", table)), modules.sequences)
        found = product(query if kind == "c2p" else key, places, rows, table.rows)
        found = scale(gathered(found, length))
        away = found if away is None else add(away, found)
    if away is not None:
        scores = add(scores, away)
    del table, away
    scores = masked(scores, modules.sequences)
    chances = softmax(cast(scores, FP32 if modules.run.amp_item else scores.item))
    chances = dropout(chances, share(config, "attention_probs_dropout_prob", DROPOUT))
    return copy(product(cast(chances, value.item), value, x.rows, width))
