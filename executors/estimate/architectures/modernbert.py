"""ModernBERT: an encoder with rotary positions, joined projections, a gated feed-forward layer and few biases."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.norms import FP32
from ..shadow.operations import activation, add, cast, dropout, last_rows, multiply, split
from ..weights import Architecture, Block, Weight, unchanged
from .bert import LABELS, head_kind
from .config import flag, number, share
from .parts import POOLING, layer_norms, linears, rms_norms, sentence_vectors

MODEL_TYPES = frozenset({"modernbert"})
KINDS_OF_POSITIONS = 2
"""Rotary tables for the whole text and for windows. Source: transformers ``ModernBertModel.forward``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a ModernBERT encoder; its first layer has no norm before the attention.

    Source: transformers ``models/modernbert/modeling_modernbert.py``.
    """
    hidden, inner, vocab = (number(config, key) for key in ("hidden_size", "intermediate_size", "vocab_size"))
    shapes = {"attn.Wqkv": (3 * hidden, hidden), "attn.Wo": (hidden, hidden)}
    weights = (
        *linears(shapes, flag(config, "attention_bias", False)),
        *linears({"mlp.Wi": (2 * inner, hidden), "mlp.Wo": (hidden, inner)}, flag(config, "mlp_bias", False)),
        *_norms(config, hidden, "mlp_norm"),
    )
    run = partial(_forward, config)
    first = Block("first", 1, weights, run)
    others = (*weights, *_norms(config, hidden, "attn_norm"))
    blocks = (first, Block("layer", number(config, "num_hidden_layers") - 1, others, run))
    outside = (
        Weight("tok_embeddings", (vocab, hidden), "embedding"),
        *_norms(config, hidden, "embeddings_norm", "final_norm"),
        *_head(config, hidden, vocab),
    )
    masked = head_kind(config) == "ForMaskedLM"
    return Architecture(
        "encoder",
        hidden,
        vocab if masked else number(config, "num_labels", LABELS),
        blocks if blocks[1].count else (first,),
        outside,
        unchanged if head_kind(config) == "Model" else partial(_finish, config),
        masked,
        partial(_start, config),
        angles=KINDS_OF_POSITIONS * hidden // number(config, "num_attention_heads"),
    )


def _norms(config: Config, width: int, *names: str) -> Iterator[Weight]:
    return (layer_norms if flag(config, "norm_bias", False) else rms_norms)(width, *names)


def _head(config: Config, hidden: int, vocab: int) -> Iterator[Weight]:
    kind = head_kind(config)
    if kind == "Model":
        return
    if not (config.get(POOLING) and kind == "ForSequenceClassification"):
        yield from linears({"head.dense": (hidden, hidden)}, flag(config, "classifier_bias", False))
        yield from _norms(config, hidden, "head.norm")
    if kind == "ForMaskedLM" and flag(config, "decoder_bias", True):
        yield Weight("decoder.bias", (vocab,), "other")
    if kind == "ForSequenceClassification":
        classes = number(config, "num_labels", LABELS)
        yield from (Weight("classifier", (classes, hidden), "head"), Weight("classifier.bias", (classes,), "other"))


def _start(config: Config, modules: Modules, x: Value) -> Value:
    return dropout(modules.layer_norm("embeddings_norm", x), share(config, "embedding_dropout", 0.0))


def _finish(config: Config, modules: Modules, x: Value) -> Value:
    """Return what the head multiplies: every position, or the first of each sequence, through a layer of its own."""
    x = modules.layer_norm("final_norm", x)
    classifies = head_kind(config) == "ForSequenceClassification"
    if classifies and config.get(POOLING):
        return dropout(sentence_vectors(config, modules, x), share(config, "classifier_dropout", 0.0))
    if classifies:
        x = last_rows(x, modules.sequences)
    x = modules.layer_norm("head.norm", activation(modules.linear("head.dense", x)))
    return dropout(x, share(config, "classifier_dropout", 0.0)) if classifies else x


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    normed = modules.layer_norm("attn_norm", x) if "attn_norm" in modules.weights else x
    x = add(x, _attend(config, modules, normed))
    return add(x, _feed_forward(config, modules, modules.layer_norm("mlp_norm", x)))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    heads, width = number(config, "num_attention_heads"), x.width
    query, key, value = split(modules.linear("attn.Wqkv", x), (width, width, width))
    query, key = _turned(modules, query), _turned(modules, key)
    chance = share(config, "attention_dropout", 0.0)
    shape = Heads(modules.sequences, heads, heads, width // heads)
    output = modules.attend(query, key, value, shape, Scores(chance=chance))
    return dropout(modules.after("attention", modules.linear("attn.Wo", output)), chance)


def _turned(modules: Modules, x: Value) -> Value:
    """Return queries or keys turned in float32. Source: ``apply_rotary_pos_emb``."""
    return cast(modules.rotary(cast(x, FP32)), x.item)


def _feed_forward(config: Config, modules: Modules, x: Value) -> Value:
    joined = modules.linear("mlp.Wi", x)
    plain, gate = split(joined, (joined.width // 2, joined.width // 2))
    del joined
    hidden = multiply(activation(plain), gate)
    hidden = modules.linear("mlp.Wo", dropout(hidden, share(config, "mlp_dropout", 0.0)))
    return modules.after("feed_forward", hidden)
