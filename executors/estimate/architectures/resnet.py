"""ResNet: convolutions with batch norms around a residual stream that narrows in space and widens in channels."""

from collections.abc import Iterator, Mapping
from functools import partial

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..shadow.convolution import max_pool, mean_of_rows
from ..shadow.graph import Value
from ..shadow.modules import Modules
from ..shadow.operations import add, rectified
from ..unsupported import UnsupportedError
from ..weights import Architecture, Block, Weight, rounded
from .config import flag, number

MODEL_TYPES = frozenset({"resnet"})
IMAGE, FP32, LABELS = 224, 4, 2
"""Pixels per side where the config does not say, as ``ConvNextImageProcessor`` of these checkpoints cuts them."""
REDUCTION = 4
"""How much narrower a bottleneck is. Source: transformers ``ResNetBottleNeckLayer``."""

Config = Mapping[str, JsonValue]
Parts = tuple[tuple[str, int, int, int, int], ...]
"""Name, inputs, outputs, kernel and stride of every convolution."""


def read(config: Config, stack: Stack) -> Architecture:
    """Return the shapes of a ResNet that classifies images.

    Raises:
        UnsupportedError: Lists of widths and depths that do not agree, or an activation other than ReLU.

    Source: transformers ``models/resnet/modeling_resnet.py``.
    """
    if config.get("hidden_act", "relu") != "relu":
        raise UnsupportedError(say("estimate.unknown_variant", key="hidden_act", value=config["hidden_act"]))
    widths, depths = _listed(config, "hidden_sizes"), _listed(config, "depths")
    channels, stem, side = number(config, "num_channels", 3), number(config, "embedding_size"), _image(config)
    classes, last = number(config, "num_labels", LABELS), widths[-1]
    pooled = _halved(_halved(side))
    blocks, end = _stages(config, stem, widths, depths, pooled)
    positions = end**2
    outside = (
        *_weights((("stem", channels, stem, 7, 2),), _halved(side), positions),
        Weight("classifier", (classes, last), "head", 1 / positions),
        Weight("classifier.bias", (classes,), "other"),
    )
    norms = [
        weight.elements * block.count
        for block in (*blocks, Block("stem", 1, outside, _finish))
        for weight in block.weights
        if weight.role == "norm" and not weight.is_bias
    ]
    return Architecture(
        "vision",
        last,
        classes,
        blocks,
        outside,
        _finish,
        False,
        source=partial(_look, channels, side),
        upcasts_logits=False,
        positions=positions,
        input_numbers=channels * side**2,
        buffers=sum(2 * rounded(size * FP32) for size in norms),
        convolutional=True,
    )


def _listed(config: Config, key: str) -> list[int]:
    value = config.get(key)
    found = [one for one in value if isinstance(one, int) and one > 0] if isinstance(value, list) else []
    if not found or len(found) != len(_raw(config, "hidden_sizes")):
        raise UnsupportedError(say("estimate.bad_config_value", key=key, value=value))
    return found


def _raw(config: Config, key: str) -> list[JsonValue]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _image(config: Config) -> int:
    return number(config, "image_size", IMAGE)


def _halved(side: int) -> int:
    return -(-side // 2)


def _stages(
    config: Config, width: int, widths: list[int], depths: list[int], side: int
) -> tuple[tuple[Block, ...], int]:
    """Return the blocks of all stages, the first of each apart, and the side of the last one's images."""
    plans: list[tuple[int, Parts, int, int]] = []
    for place, (outputs, depth) in enumerate(zip(widths, depths, strict=True)):
        stride = 1 if place == 0 and not flag(config, "downsample_in_first_stage", False) else 2
        before, side = side, _halved(side) if stride == 2 else side
        plans.append((1, _parts(config, width, outputs, stride), before, side))
        if depth > 1:
            plans.append((depth - 1, _parts(config, outputs, outputs, 1), side, side))
        width = outputs
    blocks = []
    for count, parts, before, after in plans:
        weights = tuple(_weights(parts, after, side**2))
        blocks.append(Block(f"{parts[0][2]} channels", count, weights, partial(_forward, parts, before)))
    return tuple(blocks), side


def _parts(config: Config, inputs: int, outputs: int, stride: int) -> Parts:
    shortcut: Parts = (("shortcut", inputs, outputs, 1, stride),) if inputs != outputs or stride != 1 else ()
    if config.get("layer_type", "bottleneck") == "basic":
        return (("layer.0", inputs, outputs, 3, stride), ("layer.1", outputs, outputs, 3, 1), *shortcut)
    narrow = outputs // REDUCTION
    first, second = (stride, 1) if flag(config, "downsample_in_bottleneck", False) else (1, stride)
    return (
        ("layer.0", inputs, narrow, 1, first),
        ("layer.1", narrow, narrow, 3, second),
        ("layer.2", narrow, outputs, 1, 1),
        *shortcut,
    )


def _weights(parts: Parts, side: int, positions: int) -> Iterator[Weight]:
    """Yield convolutions and norms; a kernel is used once per position of its output.

    Args:
        parts: The convolutions.
        side: Pixels per side of the block's output.
        positions: Positions of the last block's output, which count as an image's tokens.
    """
    strides = 1
    for name, inputs, outputs, kernel, stride in reversed(parts):
        at = side if name == "shortcut" else side * strides
        yield Weight(name, (outputs, inputs, kernel, kernel), "convolution", at**2 / positions)
        yield Weight(f"{name}.norm", (outputs,), "norm")
        yield Weight(f"{name}.norm.bias", (outputs,), "norm")
        strides *= 1 if name == "shortcut" else stride


def _look(channels: int, side: int, modules: Modules) -> Value:
    pixels = Value(modules.run, modules.run.new(0), modules.sequences * side**2, channels, FP32)
    hidden = _convolved(modules, "stem", pixels, _halved(side))
    return max_pool(rectified(hidden), modules.sequences * _halved(_halved(side)) ** 2)


def _convolved(modules: Modules, name: str, x: Value, side: int) -> Value:
    return modules.batch_norm(f"{name}.norm", modules.convolve(name, x, modules.sequences * side**2))


def _forward(parts: Parts, side: int, modules: Modules, x: Value) -> Value:
    hidden, within, after = x, side, side
    for place, (name, _, _, _, stride) in enumerate(parts):
        if name == "shortcut":
            x = _convolved(modules, name, x, after)
            continue
        within = after = _halved(within) if stride == 2 else within
        hidden = _convolved(modules, name, hidden, within)
        if place + 1 < len(parts) and parts[place + 1][0] != "shortcut":
            hidden = rectified(hidden)
    return rectified(add(hidden, x, in_place=True))


def _finish(modules: Modules, x: Value) -> Value:
    return mean_of_rows(x, modules.sequences)
