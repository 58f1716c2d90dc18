"""torchtitan's Llama 3 with its own parallel wrapping: float32 shards, and checkpoints that may keep some outputs."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, repeat
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, cast, scale
from ..weights import Architecture, Block
from . import llama
from .config import number
from .parts import outer, rms_norms

MODEL_TYPES = frozenset({"torchtitan"})
FP32, ITEM = 4, 2

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of torchtitan's Llama 3, with transformers' names.

    Beside the model, the config tells of the scripts: ``activation_checkpoint`` is ``full``, or ``op`` when outputs of
    costly operations are kept.

    Source: torchtitan ``models/llama3/model/model.py``, ``models/llama3/infra/parallelize.py``.
    """
    hidden, vocab = number(config, "hidden_size"), number(config, "vocab_size")
    weights = (
        *llama.attention(config),
        *llama.gated_mlp(config),
        *rms_norms(hidden, "input_layernorm", "post_attention_layernorm"),
    )
    kept = _kept(config) if config.get("activation_checkpoint") == "op" else ()
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config), kept=kept)
    outside = (*outer(vocab, hidden, tied=False), *rms_norms(hidden, "norm"))
    return Architecture(
        *("decoder", hidden, vocab, (block,), outside, llama.finish, False),
        angles=llama.head_size(config),
        keys=llama.key_width(config),
        wide_shards=True,
    )


def _kept(config: Config) -> tuple[int, ...]:
    """Return the bytes per token of what each layer keeps: every second product, and attention with its row sums.

    The products are those of queries, keys, values, the attention's output, and the feed-forward layer's gate, up and
    down projections, in this order.

    Source: ``parallelize.py``, ``_save_list`` and ``_custom_policy``.
    """
    hidden, inner, heads = (number(config, key) for key in ("hidden_size", "intermediate_size", "num_attention_heads"))
    products = (hidden, llama.key_width(config), llama.key_width(config), hidden, inner, inner, hidden)
    return (*(width * ITEM for width in products[::2]), hidden * ITEM, heads * FP32)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    hidden = _attend(config, modules, modules.rms_norm("input_layernorm", x))
    hidden = add(x, hidden)
    return add(hidden, llama.feed_forward(modules, modules.rms_norm("post_attention_layernorm", hidden)))


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    """Return the attention's output, projected; key heads are copied once per query head."""
    heads = llama.heads_of(config, modules)
    query, key, value = (modules.linear(name, x) for name in ("q_proj", "k_proj", "v_proj"))
    query, key = _turned(query), _turned(key)
    key, value = repeat(key, heads), repeat(value, heads)
    whole = Heads(heads.batch, heads.queries, heads.queries, heads.size)
    return modules.linear("o_proj", modules.attend(query, key, value, whole))


def _turned(x: Value) -> Value:
    """Return queries or keys turned as complex numbers of float32. Source: ``apply_rotary_emb``."""
    return cast(scale(cast(x, FP32)), x.item)
