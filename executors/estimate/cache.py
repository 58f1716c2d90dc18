"""The cache of keys and values that generation keeps."""

from collections.abc import Iterator, Mapping

from ...knowledge.json_value import JsonValue
from .architectures.config import flag, number
from .weights import Architecture

GEMMA2_PERIOD, GEMMA3_PERIOD = 2, 6
"""Every so many layers one sees the whole text. Source: transformers ``Gemma2Config``, ``Gemma3TextConfig``."""
WINDOWED_BY_FLAG = frozenset({"qwen2", "qwen3", "qwen3_moe"})
"""Families that ignore the window unless ``use_sliding_window`` is on. Source: transformers ``Qwen2Config``."""

Config = Mapping[str, JsonValue]


def cached_positions(config: Config, layers: int, length: int) -> Iterator[int]:
    """Yield the positions that each layer's cache holds when ``length`` tokens have been seen.

    Source: transformers ``cache_utils.py``, ``get_layer_types_and_kwargs`` and ``DynamicSlidingWindowLayer.update``,
    which keeps one token less than the window.
    """
    window = number(config, "sliding_window", length + 1)
    kind = config["model_type"]
    if kind in WINDOWED_BY_FLAG and not flag(config, "use_sliding_window", False):
        window = length + 1
    named = config.get("layer_types")
    period = {"gemma2": GEMMA2_PERIOD, "gemma3_text": GEMMA3_PERIOD}.get(str(kind), 0)
    for layer in range(layers):
        if isinstance(named, list):
            slides = named[layer] == "sliding_attention"
        else:
            slides = not period or (layer + 1) % period != 0
        yield min(length, window - 1) if slides else length


def cache_sizes(config: Config, architecture: Architecture, batch: int, length: int, item: int) -> list[int]:
    """Return the bytes of every layer's keys; its values take as many.

    Args:
        config: The model's config.
        architecture: The model.
        batch: Sequences.
        length: Tokens that the writing side has seen.
        item: Bytes per number.
    """
    numbers = batch * architecture.cached * item
    return [numbers * positions for positions in cached_positions(config, architecture.prefixed_layers, length)]
