"""Google's Gemma 1, 2 and 3: scaled embeddings, norms in float32, from version 2 on four norms per block."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import PLAIN, Scores
from ..shadow.graph import Value, view
from ..shadow.modules import Modules
from ..shadow.operations import add, softcap
from ..weights import Architecture, Block
from . import llama
from .config import number
from .parts import outer, rms_norms

MODEL_TYPES = frozenset({"gemma", "gemma2", "gemma3_text"})


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a Gemma decoder.

    Source: transformers ``models/gemma``, ``models/gemma2`` and ``models/gemma3``.
    """
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    kind = config["model_type"]
    names: tuple[str, ...] = ("input_layernorm", "post_attention_layernorm")
    if kind != "gemma":
        names += ("pre_feedforward_layernorm", "post_feedforward_layernorm")
    weights = (*llama.attention(config), *llama.gated_mlp(config), *rms_norms(hidden, *names))
    if kind == "gemma3_text":
        weights += tuple(rms_norms(llama.head_size(config), "q_norm", "k_norm"))
    run = _two_norms if kind == "gemma" else _four_norms
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(run, config))
    outside = (*outer(vocab, hidden, tied=True), *rms_norms(hidden, "norm"))
    tables = llama.head_size(config) * (2 if kind == "gemma3_text" else 1)
    shape = Architecture(
        "decoder", hidden, vocab, (block,), outside, _finish, True, angles=tables, keys=llama.key_width(config)
    )
    return replace(shape, after_head=_capped, needs_eager=True) if kind == "gemma2" else shape


def _capped(modules: Modules, logits: Value) -> Value:
    return softcap(logits)


def _finish(modules: Modules, x: Value) -> Value:
    return modules.gemma_norm("norm", x)


def _two_norms(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.gemma_norm("input_layernorm", x)
    hidden = add(x, _attend(config, modules, hidden))
    residual = hidden
    hidden = modules.gemma_norm("post_attention_layernorm", hidden)
    return add(residual, llama.feed_forward(modules, hidden))


def _four_norms(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.gemma_norm("input_layernorm", x)
    hidden = _attend(config, modules, hidden)
    hidden = add(x, modules.gemma_norm("post_attention_layernorm", hidden))
    residual = hidden
    hidden = modules.gemma_norm("pre_feedforward_layernorm", hidden)
    hidden = llama.feed_forward(modules, hidden)
    return add(residual, modules.gemma_norm("post_feedforward_layernorm", hidden))


def _attend(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    query = _normed(modules, "q_norm", modules.linear("q_proj", x))
    key = _normed(modules, "k_norm", modules.linear("k_proj", x))
    value = modules.linear("v_proj", x)
    query, key = modules.rotary(query), modules.rotary(key)
    scores = Scores(limit=softcap) if config["model_type"] == "gemma2" else PLAIN
    output = modules.attend(query, key, value, llama.heads_of(config, modules), scores)
    return modules.after("attention", modules.linear("o_proj", output))


def _normed(modules: Modules, name: str, x: Value) -> Value:
    if name not in modules.weights:
        return x
    width, size = x.width, modules.weights[name].elements
    return view(modules.gemma_norm(name, view(x, x.numbers // size, size)), x.numbers // width, width)
