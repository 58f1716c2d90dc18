"""Mixtures of experts with Llama's attention: Mixtral and Qwen3-MoE."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.experts import Routing, grouped, looped
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from . import llama
from .config import flag, number
from .parts import linears, outer, rms_norms

MODEL_TYPES = frozenset({"mixtral", "qwen3_moe"})
CROWDING = 2.0
"""Even shares that the busiest expert gets in the worst case that is counted, as GShard's capacity lets it.

Source: arXiv 2006.16668, section 2.2; arXiv 2401.04088, section 5, shows less for Mixtral.
"""


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a sparse decoder; every block is sparse.

    Source: transformers ``models/mixtral/modeling_mixtral.py``, ``models/qwen3_moe/modeling_qwen3_moe.py``.
    """
    if config.get("mlp_only_layers") or number(config, "decoder_sparse_step", 1) != 1:
        raise UnsupportedError(say("estimate.dense_among_sparse"))
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    tied = flag(config, "tie_word_embeddings", False)
    norms = rms_norms(hidden, "input_layernorm", "post_attention_layernorm")
    weights = (*llama.attention(config), *_experts(config, stack), *norms)
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config, 1.0))
    crowded = replace(block, forward=partial(_forward, config, CROWDING))
    outside = (*outer(vocab, hidden, tied=tied), *rms_norms(hidden, "norm"))
    return Architecture(
        "decoder",
        hidden,
        vocab,
        (block,),
        outside,
        llama.finish,
        tied,
        angles=llama.head_size(config),
        keys=llama.key_width(config),
        crowded=() if stack.fuses_experts else (crowded,),
    )


def _routing(config: Mapping[str, JsonValue]) -> Routing:
    experts = number(config, "num_experts", number(config, "num_local_experts", 1))
    return Routing(experts, number(config, "num_experts_per_tok"), _inner(config))


def _inner(config: Mapping[str, JsonValue]) -> int:
    return number(config, "moe_intermediate_size", number(config, "intermediate_size"))


def _experts(config: Mapping[str, JsonValue], stack: Stack) -> Iterator[Weight]:
    hidden, inner, routing = number(config, "hidden_size"), _inner(config), _routing(config)
    count, share = routing.experts, routing.chosen / routing.experts
    if stack.fuses_experts:
        yield Weight("gate", (count, hidden), "other")
        yield Weight("experts.gate_up_proj", (count, 2 * inner, hidden), "expert", share)
        yield Weight("experts.down_proj", (count, hidden, inner), "expert", share)
        return
    yield from linears({"gate": (count, hidden)})
    for number_ in range(count):
        for name, shape in (("w1", (inner, hidden)), ("w3", (inner, hidden)), ("w2", (hidden, inner))):
            yield Weight(f"experts.{number_}.{name}", shape, "linear", share)


def _forward(config: Mapping[str, JsonValue], crowding: float, modules: Modules, x: Value) -> Value:
    hidden = modules.rms_norm("input_layernorm", x)
    hidden = add(x, llama.attend(config, modules, hidden))
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    mix = grouped if modules.stack.fuses_experts else looped
    hidden = modules.after("feed_forward", mix(modules, hidden, replace(_routing(config), crowding=crowding)))
    return add(residual, hidden)
