"""Vision transformers: an image cut into patches, an encoder, and a classifier."""

from collections.abc import Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.attention import Heads, Scores
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import activation, add, dropout, last_rows, lengthened
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight
from .config import flag, number, share
from .parts import layer_norms, linears

MODEL_TYPES = frozenset({"vit"})
FP32, LABELS = 4, 2

Config = Mapping[str, JsonValue]


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a vision transformer that classifies images.

    Source: transformers ``models/vit/modeling_vit.py``.
    """
    hidden, inner = number(config, "hidden_size"), number(config, "intermediate_size")
    patch, channels = number(config, "patch_size"), number(config, "num_channels", 3)
    classes = number(config, "num_labels", LABELS)
    biased = flag(config, "qkv_bias", True)
    weights = (
        *linears(dict.fromkeys(("q_proj", "k_proj", "v_proj"), (hidden, hidden)), biased),
        *linears({"o_proj": (hidden, hidden), "fc1": (inner, hidden), "fc2": (hidden, inner)}, biased=True),
        *layer_norms(hidden, "layernorm_before", "layernorm_after"),
    )
    block = Block("layer", number(config, "num_hidden_layers"), weights, partial(_forward, config))
    outside = (
        Weight("patches", (hidden, channels, patch, patch), "other"),
        Weight("patches.bias", (hidden,), "other"),
        Weight("cls_token", (1, hidden), "other"),
        Weight("position_embeddings", (positions(config), hidden), "other"),
        *layer_norms(hidden, "layernorm"),
        Weight("classifier", (classes, hidden), "head"),
        Weight("classifier.bias", (classes,), "other"),
    )
    return Architecture(
        "vision",
        hidden,
        classes,
        (block,),
        outside,
        _finish,
        False,
        source=partial(_look, config),
        upcasts_logits=False,
        positions=positions(config),
        input_numbers=channels * number(config, "image_size") ** 2,
    )


def positions(config: Config) -> int:
    """Return the patches of an image, and one more for the class.

    Raises:
        UnsupportedError: Patches do not fill the image.
    """
    size, patch = number(config, "image_size"), number(config, "patch_size")
    if size < patch:
        raise UnsupportedError(say("estimate.bad_config_value", key="image_size", value=size))
    return (size // patch) ** 2 + 1


def _look(config: Config, modules: Modules) -> Value:
    patches = modules.sequences * (positions(config) - 1)
    numbers = number(config, "num_channels", 3) * number(config, "patch_size") ** 2
    hidden = modules.convolve("patches", Value(modules.run, modules.run.new(0), patches, numbers, FP32), patches)
    hidden = lengthened(modules.started(hidden), modules.sequences)
    hidden = add(hidden, modules.spread(hidden, modules.sequences))
    return dropout(hidden, share(config, "hidden_dropout_prob", 0.0))


def _finish(modules: Modules, x: Value) -> Value:
    return last_rows(modules.layer_norm("layernorm", x), modules.sequences)


def _forward(config: Config, modules: Modules, x: Value) -> Value:
    chance = share(config, "hidden_dropout_prob", 0.0)
    hidden = _attend(config, modules, modules.layer_norm("layernorm_before", x))
    hidden = add(dropout(hidden, chance), x)
    residual = hidden
    hidden = modules.layer_norm("layernorm_after", hidden)
    hidden = modules.linear("fc2", activation(modules.linear("fc1", hidden)))
    return add(dropout(modules.after("feed_forward", hidden), chance), residual)


def _attend(config: Config, modules: Modules, x: Value) -> Value:
    query, key, value = (modules.linear(name, x) for name in ("q_proj", "k_proj", "v_proj"))
    heads = number(config, "num_attention_heads")
    scores = Scores(masked=False, chance=share(config, "attention_probs_dropout_prob", 0.0))
    output = modules.attend(query, key, value, Heads(modules.sequences, heads, heads, x.width // heads), scores)
    return modules.after("attention", modules.linear("o_proj", output))
