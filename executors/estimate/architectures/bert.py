"""Encoders of BERT's kind: BERT, RoBERTa, ELECTRA and DistilBERT, with a masked-language or a classifier head."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, dropout, hyperbolic_tangent, last_rows
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Role, Weight, unchanged
from .config import number, share
from .parts import POOLING, layer_norms, linears, sentence_vectors

MODEL_TYPES = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert"})
POOLED = frozenset({"bert"})
"""Families whose classifier stands behind a pooler with a tanh that the bare model has too."""
HEADS = ("ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "Model")
FIRST_BERT = "BertForPreTraining"
"""Class of the first BERTs' checkpoints: what fills gaps is read from them, and the head for pairs is left out.

Source: transformers ``MODEL_FOR_MASKED_LM_MAPPING_NAMES``; ELECTRA's class of that kind has no head that fills gaps.
"""
DROPOUT = 0.1
"""Default of the hidden layers' dropout. Source: transformers ``BertConfig``, ``DistilBertConfig``."""
ELECTRA_WIDTH = 128
"""Default of ``embedding_size``. Source: transformers ``ElectraConfig``."""
LABELS = 2
"""Default number of classes. Source: transformers ``PretrainedConfig.num_labels``."""


@dataclass(frozen=True, slots=True)
class Names:
    """Give the names under which a family keeps the same things."""

    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    out: str = "attention.output.dense"
    wide: str = "intermediate.dense"
    narrow: str = "output.dense"
    hidden: str = "hidden_size"
    inner: str = "intermediate_size"
    layers: str = "num_hidden_layers"
    heads: str = "num_attention_heads"
    chance: str = "hidden_dropout_prob"
    dropped: str = "attention_probs_dropout_prob"


DISTILLED = Names(
    *("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"),
    *("dim", "hidden_dim", "n_layers", "n_heads", "dropout", "attention_dropout"),
)


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of an encoder with the head that ``architectures`` names.

    Source: transformers ``models/bert/modeling_bert.py`` and its siblings.
    """
    names = DISTILLED if config["model_type"] == "distilbert" else Names()
    hidden, inner, vocab = (number(config, key) for key in (names.hidden, names.inner, "vocab_size"))
    attention = dict.fromkeys((names.query, names.key, names.value, names.out), (hidden, hidden))
    shapes = attention | {names.wide: (inner, hidden), names.narrow: (hidden, inner)}
    weights = (*linears(shapes, biased=True), *layer_norms(hidden, "attention_norm", "output_norm"))
    block = Block("layer", number(config, names.layers), weights, partial(_forward, config, names))
    masked = head_kind(config) == "ForMaskedLM"
    outside = (*_embeddings(config, hidden), *_head(config, hidden, vocab))
    classes = number(config, "num_labels", LABELS)
    finish: dict[str, Callable[[Modules, Value], Value]] = {
        "ForMaskedLM": _transformed,
        "ForSequenceClassification": partial(_pooled, config),
    }
    return Architecture(
        "encoder",
        hidden,
        vocab if masked else classes,
        (block,),
        outside,
        finish.get(head_kind(config), unchanged),
        masked,
        partial(_start, config, names),
        keys=hidden,
    )


def head_kind(config: Mapping[str, JsonValue]) -> str:
    """Return the end of the name of the model's class, which tells its head.

    Raises:
        UnsupportedError: Another head than for masked language, classes, tags, spans, or none.
    """
    listed = config.get("architectures")
    name = str(listed[0]) if isinstance(listed, list) and listed else "ForMaskedLM"
    name = "BertForMaskedLM" if name == FIRST_BERT else name
    kind = next((kind for kind in HEADS if name.endswith(kind)), None)
    if kind is None:
        raise UnsupportedError(say("estimate.unknown_head", name=name))
    return kind


def _embeddings(config: Mapping[str, JsonValue], hidden: int) -> Iterator[Weight]:
    width = _embedded(config, hidden)
    yield Weight("word_embeddings", (number(config, "vocab_size"), width), "embedding")
    yield Weight("position_embeddings", (number(config, "max_position_embeddings"), width), "embedding")
    if config["model_type"] != "distilbert":
        yield Weight("token_type_embeddings", (number(config, "type_vocab_size", 2), width), "embedding")
    yield from layer_norms(width, "embeddings_norm")
    if width != hidden:
        yield from linears({"embeddings_project": (hidden, width)}, biased=True)


def _embedded(config: Mapping[str, JsonValue], hidden: int) -> int:
    """Return the numbers per embedded token; ELECTRA's small models have fewer than layers do."""
    return number(config, "embedding_size", ELECTRA_WIDTH) if config["model_type"] == "electra" else hidden


def _head(config: Mapping[str, JsonValue], hidden: int, vocab: int) -> Iterator[Weight]:
    kind, family = head_kind(config), config["model_type"]
    if kind == "ForMaskedLM":
        width = _embedded(config, hidden)
        yield from linears({"transform": (width, hidden)}, biased=True)
        yield from layer_norms(width, "transform_norm")
        yield Weight("decoder.bias", (vocab,), "other")
    elif kind == "Model":
        yield from linears({"pooler": (hidden, hidden)} if family not in {"distilbert", "electra"} else {}, biased=True)
    else:
        if kind == "ForSequenceClassification" and not config.get(POOLING):
            name = "pooler" if family in POOLED else "classifier.dense"
            adapted = family in POOLED and not config.get("fresh_pooler")
            role: Role = "linear" if adapted else "other"
            yield from (Weight(name, (hidden, hidden), role), Weight(f"{name}.bias", (hidden,), "other"))
        classes = number(config, "num_labels", LABELS)
        yield from (Weight("classifier", (classes, hidden), "head"), Weight("classifier.bias", (classes,), "other"))


def _start(config: Mapping[str, JsonValue], names: Names, modules: Modules, x: Value) -> Value:
    if "token_type_embeddings" in modules.weights:
        x = add(x, modules.spread(x, 1))
    x = add(x, modules.positions(x))
    x = dropout(modules.layer_norm("embeddings_norm", x), share(config, names.chance, DROPOUT))
    return modules.linear("embeddings_project", x) if "embeddings_project" in modules.weights else x


def _transformed(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("transform_norm", activation(modules.linear("transform", x)))


def _pooled(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    if config.get(POOLING):
        return dropout(sentence_vectors(config, modules, x), DROPOUT)
    x = last_rows(x, modules.sequences)
    name = "pooler" if "pooler" in modules.weights else "classifier.dense"
    bend = activation if config["model_type"] == "electra" else hyperbolic_tangent
    return dropout(bend(modules.linear(name, x)), DROPOUT)


def _forward(config: Mapping[str, JsonValue], names: Names, modules: Modules, x: Value) -> Value:
    chance = share(config, names.chance, DROPOUT)
    hidden = dropout(modules.linear(names.out, _attend(config, names, modules, x)), chance)
    hidden = modules.layer_norm("attention_norm", add(modules.after("attention", hidden), x))
    residual = hidden
    hidden = activation(modules.linear(names.wide, hidden))
    hidden = dropout(modules.linear(names.narrow, hidden), chance)
    return modules.layer_norm("output_norm", add(modules.after("feed_forward", hidden), residual))


def _attend(config: Mapping[str, JsonValue], names: Names, modules: Modules, x: Value) -> Value:
    query, key, value = (modules.linear(name, x) for name in (names.query, names.key, names.value))
    heads = number(config, names.heads)
    scores = Scores(chance=share(config, names.dropped, DROPOUT))
    return modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
