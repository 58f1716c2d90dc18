"""Explain models and GPUs."""

from collections.abc import Iterator, Mapping

from ..knowledge.gpu import GpuCard
from ..knowledge.messages import say
from ..knowledge.model import ModelCard
from .explain_parts import heading, part, sources

GIB = 2**30


def model_lines(card: ModelCard, width: int) -> Iterator[str]:
    """Yield what a model is, how large, under which licence, and who says so."""
    yield heading("model", card.title, card.id)
    yield part("hub", card.hub_id, width)
    yield part("parameters", f"{card.parameters:,}", width)
    yield part("kind", f"{card.architecture}, {card.family}", width)
    yield part("context", f"{card.context_length:,}", width)
    use = say(f"advice.commercial.{card.commercial_use}")
    yield part("licence", f"{card.licence} ({use})", width)
    yield part("languages", ", ".join(card.languages) or "-", width)
    yield part("bias", say("advice.explain.has_bias" if card.has_bias else "advice.explain.no_bias"), width)
    yield from sources(_ids(card.sources), width)


def gpu_lines(card: GpuCard, width: int) -> Iterator[str]:
    """Yield what a GPU holds, how fast it is, what it costs, and who says so."""
    yield heading("gpu", card.title, card.id)
    yield part("holds", f"{card.memory_bytes / GIB:.1f} GiB", width)
    speeds = {"bf16": card.bf16_tflops, "fp16": card.fp16_tflops}
    yield part("speed", ", ".join(f"{name} {value:g} TFLOPS" for name, value in speeds.items() if value), width)
    yield part("bandwidth", f"{card.bandwidth_gb_per_s:g} GB/s", width)
    if card.price:
        price = card.price
        yield part("price", f"{price.usd_per_hour:g} USD/h ({price.where}, {price.seen})", width)
    yield from sources(_ids(card.sources), width)


def _ids(named: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for ids in named.values():
        yield from ids
