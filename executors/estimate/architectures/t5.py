"""T5, its successors FLAN-T5 and T5 1.1, and mT5: an encoder and a decoder with relative positions and no biases."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Gradients, Value, fresh, record, require_gradient
from ..shadow.memory import Storage
from ..shadow.modules import Modules
from ..shadow.norms import leafed
from ..shadow.operations import add, dropout, multiply, new_gelu, rectified, scale
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import linears, rms_norms

MODEL_TYPES = frozenset({"t5", "mt5"})
DROPOUT = 0.1
"""Default of ``dropout_rate``. Source: transformers ``T5Config``."""
BUCKETS = 32
"""Default of ``relative_attention_num_buckets``. Source: transformers ``T5Config``."""
INT64 = 8
MIXED = {"encoder": "SelfAttention", "decoder": "SelfAttention", "cross": "EncDecAttention"}

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a T5 model with its language-model head.

    The head is a weight of its own where the config says so, as in the checkpoints of T5 1.1 and later.

    Source: transformers ``models/t5/modeling_t5.py``; ``tie_weights``, which leaves two loaded weights apart.
    """
    hidden, vocab, layers = (number(config, key) for key in ("d_model", "vocab_size", "num_layers"))
    tied = flag(config, "tie_word_embeddings", True)
    encoder = (*_attention(config, "SelfAttention"), *_feed_forward(config), *rms_norms(hidden, "norm.0", "norm.2"))
    decoder = (*encoder, *_attention(config, "EncDecAttention"), *rms_norms(hidden, "norm.1"))
    blocks = (
        Block("encoder", layers, encoder, partial(_encode, config), partial(_enter_encoder, config)),
        Block(
            "decoder",
            number(config, "num_decoder_layers", layers),
            decoder,
            partial(_decode, config),
            partial(_enter_decoder, config),
        ),
    )
    tables = (number(config, "relative_attention_num_buckets", BUCKETS), number(config, "num_heads"))
    outside = (
        Weight("shared", (vocab, hidden), "embedding"),
        *(() if tied else (Weight("lm_head", (vocab, hidden), "head"),)),
        *(Weight(f"{side}.relative_attention_bias", tables, "other") for side in ("encoder", "decoder")),
        *rms_norms(hidden, "encoder.final_layer_norm", "decoder.final_layer_norm"),
    )
    return Architecture(
        "encoder_decoder",
        hidden,
        vocab,
        blocks,
        outside,
        partial(_finish, config, tied),
        tied,
        partial(_drop, config),
        upcasts_logits=False,
        keys=number(config, "num_heads") * number(config, "d_kv"),
        cross_keys=number(config, "num_heads") * number(config, "d_kv"),
    )


def _attention(config: Config, name: str) -> Iterator[Weight]:
    hidden, inner = number(config, "d_model"), number(config, "num_heads") * number(config, "d_kv")
    yield from linears({f"{name}.q": (inner, hidden)})
    of_source = name == MIXED["cross"]
    yield from linears({f"{name}.k": (inner, hidden), f"{name}.v": (inner, hidden)}, of_source=of_source)
    yield from linears({f"{name}.o": (hidden, inner)})


def _feed_forward(config: Config) -> Iterator[Weight]:
    """Yield the feed-forward layer; its second half stays as it is under quantisation.

    Source: transformers ``T5PreTrainedModel._keep_in_fp32_modules``, which the quantisers skip.
    """
    hidden, inner = number(config, "d_model"), number(config, "d_ff")
    names = ("wi_0", "wi_1") if _gated(config) else ("wi",)
    yield from linears({f"DenseReluDense.{name}": (inner, hidden) for name in names})
    yield Weight("DenseReluDense.wo", (hidden, inner), "kept")


def _gated(config: Config) -> bool:
    default = "gated-gelu" if config["model_type"] == "mt5" else "relu"
    return str(config.get("feed_forward_proj", default)).startswith("gated")


def _drop(config: Config, modules: Modules, x: Value) -> Value:
    return dropout(x, share(config, "dropout_rate", DROPOUT))


def _bias(config: Config, modules: Modules, side: str, rows: int) -> Value:
    """Return the learned bias of every pair of positions; it is kept as looked up, with the places that were read."""
    run, length = modules.run, rows // modules.sequences
    weight = modules.weights[f"{side}.relative_attention_bias"]
    item = modules.placement.item_of(weight)
    output = fresh(run, length * length, weight.shape[1], item)
    if not modules.method.trains(weight):
        return output

    def back(gradient: Storage) -> Gradients:
        run.parameter_gradient(weight.elements * item)
        return (None,)

    # a checkpointed first layer looks the places up again
    places = () if modules.checkpointing else (run.new(length * length * INT64),)
    return record(output, (leafed(output),), places, back)


def _enter_encoder(config: Config, modules: Modules, x: Value) -> tuple[Value, Mapping[str, Value]]:
    return x, {"bias": _bias(config, modules, "encoder", x.rows)}


def _enter_decoder(config: Config, modules: Modules, x: Value) -> tuple[Value, Mapping[str, Value]]:
    """Return the decoder's embedded tokens; its layers share both biases and the encoder's output.

    The bias of cross-attention is zero; checkpoints make it ask for a gradient.

    Source: transformers ``T5Attention.forward``.
    """
    context = _drop(config, modules, modules.t5_norm("encoder.final_layer_norm", x))
    hidden = _drop(config, modules, modules.embed_again(modules.targets, x.width))
    source, target = x.rows // modules.sequences, modules.targets // modules.sequences
    zeros = fresh(modules.run, target * source, number(config, "num_heads"), context.item)
    if modules.checkpointing:
        require_gradient(zeros)
    bias = _bias(config, modules, "decoder", modules.targets)
    return hidden, {"context": context, "bias": bias, "zeros": zeros}


def _finish(config: Config, scaled: bool, modules: Modules, x: Value) -> Value:
    x = _drop(config, modules, modules.t5_norm("decoder.final_layer_norm", x))
    return scale(x) if scaled else x


def _encode(config: Config, modules: Modules, x: Value) -> Value:
    x = _attend(config, modules, x, "encoder")
    return _feed(config, modules, x)


def _decode(config: Config, modules: Modules, x: Value) -> Value:
    x = _attend(config, modules, x, "decoder")
    x = _attend(config, modules, x, "cross")
    return _feed(config, modules, x)


def _attend(config: Config, modules: Modules, x: Value, kind: str) -> Value:
    """Return ``x`` with one kind of attention added to it."""
    name, cross = MIXED[kind], kind == "cross"
    heads = number(config, "num_heads")
    hidden = modules.t5_norm("norm.1" if cross else "norm.0", x)
    source = modules.shared["context"] if cross else hidden
    query = modules.linear(f"{name}.q", hidden)
    key, value = modules.linear(f"{name}.k", source), modules.linear(f"{name}.v", source)
    scores = Scores(
        bias=modules.shared["zeros" if cross else "bias"],
        copies=not cross,
        masked=kind == "decoder",
        wide=False,
        chance=share(config, "dropout_rate", DROPOUT),
    )
    shape = Heads(modules.sequences, heads, heads, number(config, "d_kv"))
    output = modules.attend(query, key, value, shape, scores, prefixed_by_method=kind == "decoder")
    del hidden, source, query, key, value
    output = modules.after("cross_attention" if cross else "attention", modules.linear(f"{name}.o", output))
    return add(x, _drop(config, modules, output))


def _feed(config: Config, modules: Modules, x: Value) -> Value:
    hidden = modules.t5_norm("norm.2", x)
    if _gated(config):
        gate = new_gelu(modules.linear("DenseReluDense.wi_0", hidden))
        hidden = multiply(gate, modules.linear("DenseReluDense.wi_1", hidden))
        del gate
    else:
        hidden = rectified(modules.linear("DenseReluDense.wi", hidden))
    hidden = modules.linear("DenseReluDense.wo", _drop(config, modules, hidden))
    return add(x, _drop(config, modules, modules.after("feed_forward", hidden)))
