"""Whisper: convolutions over a spectrogram, an encoder, and a decoder that writes text."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, copy, dropout, scale
from ..weights import Architecture, Block, Weight
from .config import number, share
from .parts import layer_norms, linears

MODEL_TYPES = frozenset({"whisper"})
KERNEL, STRIDE, FP32 = 3, 2, 4
"""Width of both convolutions, step of the second. Source: transformers ``WhisperEncoder.__init__``."""

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a Whisper model; its input is always padded to the full window.

    Source: transformers ``models/whisper/modeling_whisper.py``.
    """
    hidden, vocab, bins = (number(config, key) for key in ("d_model", "vocab_size", "num_mel_bins"))
    frames, targets = number(config, "max_source_positions", 1500), number(config, "max_target_positions", 448)
    encoder = (*_attention(hidden, "self_attn"), *_feed_forward(config, "encoder"))
    decoder = (
        *_attention(hidden, "self_attn"),
        *_attention(hidden, "encoder_attn"),
        *_feed_forward(config, "decoder"),
    )
    blocks = (
        Block("encoder", number(config, "encoder_layers"), encoder, partial(_encode, config)),
        Block("decoder", number(config, "decoder_layers"), decoder, partial(_decode, config), partial(_enter, config)),
    )
    outside = (
        Weight("embed_tokens", (vocab, hidden), "embedding"),
        Weight("decoder.embed_positions", (targets, hidden), "embedding"),
        Weight("encoder.embed_positions", (frames, hidden), "other", fixed=True),
        Weight("conv1", (hidden, bins, KERNEL), "other"),
        Weight("conv1.bias", (hidden,), "other"),
        Weight("conv2", (hidden, hidden, KERNEL), "other"),
        Weight("conv2.bias", (hidden,), "other"),
        *layer_norms(hidden, "encoder.layer_norm", "decoder.layer_norm"),
    )
    return Architecture(
        "speech",
        hidden,
        vocab,
        blocks,
        outside,
        _finish,
        True,
        source=partial(_listen, config),
        upcasts_logits=False,
        positions=frames,
        target_positions=targets,
        cross_keys=hidden,
        input_numbers=bins * frames * STRIDE,
    )


def _attention(hidden: int, name: str) -> Iterator[Weight]:
    of_source = name == "encoder_attn"
    yield from linears({f"{name}.{part}": (hidden, hidden) for part in ("q_proj", "out_proj")}, biased=True)
    yield from linears({f"{name}.v_proj": (hidden, hidden)}, biased=True, of_source=of_source)
    yield from linears({f"{name}.k_proj": (hidden, hidden)}, of_source=of_source)
    yield from layer_norms(hidden, f"{name}_layer_norm")


def _feed_forward(config: Config, side: str) -> Iterator[Weight]:
    hidden, inner = number(config, "d_model"), number(config, f"{side}_ffn_dim")
    yield from linears({"fc1": (inner, hidden), "fc2": (hidden, inner)}, biased=True)
    yield from layer_norms(hidden, "final_layer_norm")


def _drop(config: Config, x: Value) -> Value:
    return dropout(x, share(config, "dropout", 0.0))


def _listen(config: Config, modules: Modules) -> Value:
    """Return the encoder's first hidden states."""
    frames = modules.sequences * number(config, "max_source_positions", 1500)
    heard = Value(modules.run, modules.run.new(0), STRIDE * frames, number(config, "num_mel_bins"), FP32)
    hidden = activation(modules.started(modules.convolve("conv1", heard, STRIDE * frames)))
    hidden = activation(modules.convolve("conv2", hidden, frames))
    return _drop(config, add(hidden, modules.spread(hidden, modules.sequences)))


def _enter(config: Config, modules: Modules, x: Value) -> tuple[Value, Mapping[str, Value]]:
    context = modules.layer_norm("encoder.layer_norm", x)
    hidden = modules.embed(modules.targets, x.width)
    return _drop(config, add(hidden, modules.positions(hidden))), {"context": context}


def _finish(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("decoder.layer_norm", x)


def _encode(config: Config, modules: Modules, x: Value) -> Value:
    x = _attend(config, modules, x, "encoder")
    return _feed(config, modules, x)


def _decode(config: Config, modules: Modules, x: Value) -> Value:
    x = _attend(config, modules, x, "decoder")
    x = _attend(config, modules, x, "cross")
    return _feed(config, modules, x)


def _attend(config: Config, modules: Modules, x: Value, kind: str) -> Value:
    """Return ``x`` with one kind of attention added to it; heads are copied into an order of their own."""
    cross = kind == "cross"
    name, side = "encoder_attn" if cross else "self_attn", "encoder" if kind == "encoder" else "decoder"
    hidden = modules.layer_norm(f"{name}_layer_norm", x)
    source = modules.shared["context"] if cross else hidden
    query = copy(scale(modules.linear(f"{name}.q_proj", hidden)))
    key = copy(modules.linear(f"{name}.k_proj", source))
    value = copy(modules.linear(f"{name}.v_proj", source))
    heads = number(config, f"{side}_attention_heads")
    scores = Scores(masked=kind == "decoder", wide=False, apart=True, chance=share(config, "attention_dropout", 0.0))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
    del hidden, source, query, key, value
    output = modules.after("cross_attention" if cross else "attention", modules.linear(f"{name}.out_proj", output))
    return add(x, _drop(config, output))


def _feed(config: Config, modules: Modules, x: Value) -> Value:
    hidden = modules.layer_norm("final_layer_norm", x)
    hidden = dropout(activation(modules.linear("fc1", hidden)), share(config, "activation_dropout", 0.0))
    hidden = modules.after("feed_forward", modules.linear("fc2", hidden))
    return add(x, _drop(config, hidden))
