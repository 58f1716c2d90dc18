"""IBM's mixtures of experts: Granite's multipliers around Llama's attention and experts in two joined tensors."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.experts import Routing, grouped, listed
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, scale
from ..weights import Architecture, Weight
from . import granite, llama
from .config import flag, number
from .parts import linears, outer, rms_norms

MODEL_TYPES = frozenset({"granitemoe"})

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a Granite mixture of experts.

    Source: transformers ``models/granitemoe/modeling_granitemoe.py``, whose experts were joined from the start.
    """
    shape = granite.read({**config, "intermediate_size": 1}, stack)
    hidden, vocab, tied = shape.hidden, shape.vocab, flag(config, "tie_word_embeddings", False)
    norms = rms_norms(hidden, "input_layernorm", "post_attention_layernorm")
    weights = (*llama.attention(config), *_experts(config, stack), *norms)
    block = replace(shape.blocks[0], weights=weights, forward=partial(_forward, config))
    outside = (*outer(vocab, hidden, tied=tied), *rms_norms(hidden, "norm"))
    return replace(shape, blocks=(block,), outside=outside, drops_narrow=True)


def _routing(config: Config) -> Routing:
    names = ("num_local_experts", "num_experts_per_tok", "intermediate_size")
    return Routing(*(number(config, name) for name in names))


def _experts(config: Config, stack: Stack) -> Iterator[Weight]:
    hidden, routing = number(config, "hidden_size"), _routing(config)
    count, inner, share = routing.experts, routing.inner, routing.chosen / routing.experts
    if stack.fuses_experts:
        yield Weight("router.weight", (count, hidden), "other")
        first, second = "experts.gate_up_proj", "experts.down_proj"
    else:
        yield from linears({"router.layer": (count, hidden)})
        first, second = "input_linear", "output_linear"
    yield Weight(first, (count, 2 * inner, hidden), "expert", share)
    yield Weight(second, (count, hidden, inner), "expert", share)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = llama.attend(config, modules, modules.rms_norm("input_layernorm", x))
    hidden = add(x, scale(hidden))
    residual = hidden
    hidden = modules.rms_norm("post_attention_layernorm", hidden)
    mix = grouped if modules.stack.fuses_experts else listed
    hidden = modules.after("feed_forward", mix(modules, hidden, _routing(config)))
    return add(residual, scale(hidden))
