"""StarCoder's first generation and SantaCoder: GPT-2's block with linear layers and one key head."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, dropout, split
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import activated, layer_norms, linears

MODEL_TYPES = frozenset({"gpt_bigcode"})
DROPOUT = 0.1
"""Default of all three probabilities. Source: transformers ``GPTBigCodeConfig``."""


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a GPTBigCode decoder.

    Source: transformers ``models/gpt_bigcode/modeling_gpt_bigcode.py``.
    """
    hidden, vocab, positions = number(config, "n_embd"), number(config, "vocab_size"), number(config, "n_positions")
    inner = number(config, "n_inner", 4 * hidden)
    shapes = {
        "attn.c_attn": (hidden + 2 * _key_width(config), hidden),
        "attn.c_proj": (hidden, hidden),
        "mlp.c_fc": (inner, hidden),
        "mlp.c_proj": (hidden, inner),
    }
    weights = (*linears(shapes, biased=True), *layer_norms(hidden, "ln_1", "ln_2"))
    block = Block("layer", number(config, "n_layer"), weights, partial(_forward, config))
    embeddings = (Weight("wte", (vocab, hidden), "embedding"), Weight("wpe", (positions, hidden), "embedding"))
    outside = (*embeddings, *layer_norms(hidden, "ln_f"))
    return Architecture(
        "decoder",
        hidden,
        vocab,
        (block,),
        outside,
        _finish,
        True,
        partial(_start, config),
        upcasts_logits=False,
        buffers=positions * positions,
        keys=_key_width(config),
    )


def _key_width(config: Mapping[str, JsonValue]) -> int:
    hidden = number(config, "n_embd")
    return hidden // number(config, "n_head") if flag(config, "multi_query", True) else hidden


def _start(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    return dropout(modules.summed(x, modules.positions(x)), share(config, "embd_pdrop", DROPOUT))


def _finish(modules: Modules, x: Value) -> Value:
    return modules.layer_norm("ln_f", x)


def _forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.layer_norm("ln_1", x)
    attended = _attend(config, modules, hidden)  # named to the end
    hidden = add(attended, x)
    residual = hidden
    hidden = modules.layer_norm("ln_2", hidden)
    return add(residual, _feed_forward(config, modules, hidden))


def _attend(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    width, queries = _key_width(config), number(config, "n_head")
    size = x.width // queries
    joined = modules.linear("attn.c_attn", x)
    if modules.stack.caches_keys:
        modules.keep(joined)  # the cache is a view of all three, and ``use_cache`` stays on while checkpointing
    query, keys = split(joined, (x.width, 2 * width))
    del joined
    key, value = split(keys, (width, width))
    scores = Scores(chance=share(config, "attn_pdrop", DROPOUT))
    output = modules.attend(query, key, value, Heads(modules.sequences, queries, width // size, size), scores)
    output = modules.linear("attn.c_proj", output)
    return modules.after("attention", dropout(output, share(config, "resid_pdrop", DROPOUT)))


def _feed_forward(config: Mapping[str, JsonValue], modules: Modules, x: Value) -> Value:
    hidden = modules.linear("mlp.c_fc", x)
    hidden = activated(config.get("activation_function"), hidden)
    hidden = modules.linear("mlp.c_proj", hidden)
    return modules.after("feed_forward", dropout(hidden, share(config, "resid_pdrop", DROPOUT)))
