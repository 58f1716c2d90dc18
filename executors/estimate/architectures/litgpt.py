"""litgpt's own GPT, one class for many families: joined projections, and a loss whose chunks of logits all stay."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import PLAIN, Heads, Scores, repeat
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, multiply, scale, softcap, split
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import layer_norms, linears, rms_norms

MODEL_TYPES = frozenset({"litgpt"})

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a model as litgpt's ``Config`` describes it, with litgpt's names.

    Beside the model, the config tells of the scripts: ``query_value`` when adapters leave the keys alone,
    ``longest_first`` when the longest rows come in the first step.

    The head is a linear layer like the others: adapters and packing reach it.

    Source: litgpt ``litgpt/model.py``, ``litgpt/config.py``, before October 2024, when packing began to replace the
    token embedding (``StableEmbedding``).
    """
    hidden, vocab = number(config, "n_embd"), number(config, "padded_vocab_size")
    block = Block("layer", number(config, "n_layer"), tuple(_weights(config)), partial(_forward, config))
    head = linears({"lm_head": (vocab, hidden)}, flag(config, "lm_head_bias", False))
    embedding = Weight("wte", (vocab, hidden), "embedding")
    return Architecture(
        "decoder",
        hidden,
        vocab,
        (block,),
        (embedding, *head, *_norms(config, "ln_f")),
        partial(_norm, config, "ln_f"),
        False,
        start=_scaled if flag(config, "scale_embeddings", False) else _as_it_is,
        angles=int(_head_size(config) * share(config, "rotary_percentage")),
        upcasts_logits=False,
        keys=number(config, "n_query_groups", number(config, "n_head")) * _head_size(config),
        after_head=_capped if config.get("final_logit_softcapping") else _as_it_is,
        needs_eager=bool(config.get("attention_logit_softcapping")),
        loss_rows=128,
        lingers=not flag(config, "longest_first", False),
        mixes_units=True,
    )


def _weights(config: Config) -> Iterator[Weight]:
    hidden, inner = number(config, "n_embd"), number(config, "intermediate_size", 4 * number(config, "n_embd"))
    size, heads = _head_size(config), number(config, "n_head")
    groups, biased = number(config, "n_query_groups", heads), flag(config, "bias", True)
    parts = (heads * size, groups * size) if flag(config, "query_value", False) else ()
    for weight in linears({"attn.qkv": ((heads + 2 * groups) * size, hidden)}, biased):
        yield weight if weight.is_bias else replace(weight, parts=parts)
    yield from linears({"attn.proj": (hidden, heads * size)}, biased)
    wide = ("mlp.fc_1", "mlp.fc_2") if _gated(config) else ("mlp.fc_1",)
    yield from linears(dict.fromkeys(wide, (inner, hidden)) | {"mlp.out": (hidden, inner)}, biased)
    yield from _norms(config, "norm_1")
    if not flag(config, "shared_attention_norm", False):
        yield from _norms(config, "norm_2")
    for name in ("post_attention_norm", "post_mlp_norm"):
        if flag(config, name, False):
            yield from _norms(config, name)


def _gated(config: Config) -> bool:
    return config.get("mlp_class_name", "GptNeoxMLP") != "GptNeoxMLP"


def _head_size(config: Config) -> int:
    return number(config, "head_size", number(config, "n_embd") // number(config, "n_head"))


def _norms(config: Config, name: str) -> Iterator[Weight]:
    kind = rms_norms if config.get("norm_class_name") == "RMSNorm" else layer_norms
    return iter(kind(number(config, "n_embd"), name))


def _norm(config: Config, name: str, modules: Modules, x: Value) -> Value:
    rms = config.get("norm_class_name") == "RMSNorm"
    return modules.gemma_norm(name, x) if rms else modules.layer_norm(name, x)


def _as_it_is(modules: Modules, x: Value) -> Value:
    return x


def _capped(modules: Modules, logits: Value) -> Value:
    return softcap(logits)


def _scaled(modules: Modules, x: Value) -> Value:
    return scale(x)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = _norm(config, "norm_1", modules, x)
    attended = _normed_behind(config, "post_attention_norm", modules, _attend(config, modules, hidden))
    if flag(config, "parallel_residual", True):
        if not flag(config, "shared_attention_norm", False):
            hidden = _norm(config, "norm_2", modules, x)
        x = add(attended, x)
    else:
        x = add(attended, x)
        hidden = _norm(config, "norm_2", modules, x)
    hidden = modules.after("feed_forward", _feed_forward(config, modules, hidden))
    return add(_normed_behind(config, "post_mlp_norm", modules, hidden), x)


def _normed_behind(config: Config, name: str, modules: Modules, x: Value) -> Value:
    return _norm(config, name, modules, x) if flag(config, name, False) else x


def _feed_forward(config: Config, modules: Modules, x: Value) -> Value:
    wide = modules.linear("mlp.fc_1", x)
    if not _gated(config):
        return modules.linear("mlp.out", activation(wide))
    other = modules.linear("mlp.fc_2", x)
    return modules.linear("mlp.out", multiply(activation(wide), other))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    """Return the attention's output; grouped keys and values are expanded unless one head serves all.

    Source: litgpt ``CausalSelfAttention.forward``.
    """
    size, queries = _head_size(config), number(config, "n_head")
    groups = number(config, "n_query_groups", queries)
    heads = Heads(modules.sequences, queries, groups, size)
    joined = modules.linear("attn.qkv", x)
    query, key, value = split(joined, (queries * size, groups * size, groups * size))
    del joined
    turned = share(config, "rotary_percentage")
    query, key = modules.rotary(query, turned), modules.rotary(key, turned)
    key, value = repeat(key, heads), repeat(value, heads)
    scores = Scores(limit=softcap) if config.get("attention_logit_softcapping") else PLAIN
    output = modules.attend(query, key, value, Heads(modules.sequences, queries, queries, size), scores)
    return modules.after("attention", modules.linear("attn.proj", output))
