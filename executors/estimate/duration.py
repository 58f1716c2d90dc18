"""How long a run takes and what it costs."""

from __future__ import annotations

from ...knowledge.gpu import GpuCard
from .methods.method import FineTuning
from .operations import operations_of
from .request import EstimateRequest
from .result import Cost, Duration, Range
from .utilisation import kind_of, utilisation_of
from .weights import Architecture

OPTIMIZER_BYTES = 16
"""Bytes that an AdamW step reads and writes per trained number, at 16-bit weights and states or below."""
PACKED_BYTES = 4.5
"""Bytes moved to unpack one 4-bit weight: half a byte and its scale read, two written, two read by the product."""
EIGHT_BIT_BYTES = 5
"""The same for one int8 weight, which is unpacked in the backward pass only."""


def duration_of(
    request: EstimateRequest, architecture: Architecture, method: FineTuning, trained: int, card: GpuCard | None
) -> Duration | None:
    """Return the time of an optimizer step and of the run; None without a GPU whose speed is known.

    The utilisations count recomputation as work, so recomputation is in the FLOPs too.
    """
    if card is None or request.device == "cpu":
        return None
    peak = 1e12 * ((card.bf16_tflops if request.dtype == "bf16" else None) or card.fp16_tflops)
    share = utilisation_of(kind_of(request), card)
    flops = operations_of(request, architecture, method, trained)
    moved = _moved(request, architecture) / (card.bandwidth_gb_per_s * 1e9)
    once = trained * OPTIMIZER_BYTES / (card.bandwidth_gb_per_s * 1e9)

    def seconds(utilisation: float) -> float:
        return request.grad_accum * (flops / (peak * utilisation) + moved) + once

    step: Range = (seconds(share.high), seconds(share.likely), seconds(share.low))
    return duration_of_steps(request, step)


def duration_of_steps(request: EstimateRequest, seconds: Range) -> Duration:
    """Return the run's time from low, likely and high seconds of an update."""
    return Duration(step_seconds=seconds, run_hours=_hours(request, seconds))


def _hours(request: EstimateRequest, step: Range) -> Range | None:
    if not request.train_tokens:
        return None
    steps = request.train_tokens * request.epochs / (request.tokens * request.grad_accum * request.gpus)
    low, likely, high = (seconds * steps / 3600 for seconds in step)
    return (low, likely, high)


def _moved(request: EstimateRequest, architecture: Architecture) -> float:
    """Return the bytes moved to unpack weights in one micro step; gptq's are unpacked in the forward passes only."""
    if request.quant == "none":
        return 0
    packed = sum(count * weight.elements for count, weight in architecture.weights() if weight.role == "linear")
    if request.quant == "int8":
        return packed * EIGHT_BIT_BYTES
    passes = 1 if request.quant == "gptq" else 2
    return (passes + request.grad_checkpointing) * packed * PACKED_BYTES


def cost_of(request: EstimateRequest, duration: Duration | None, card: GpuCard | None) -> Cost | None:
    """Return the money for the run; None without a price."""
    price = request.usd_per_gpu_hour or (card.price.usd_per_hour if card and card.price else None)
    if price is None:
        return None
    hours = duration.run_hours if duration else None
    if hours is None:
        return Cost(usd_per_gpu_hour=price, run=None)
    low, likely, high = (hour * request.gpus * price for hour in hours)
    return Cost(usd_per_gpu_hour=price, run=(low, likely, high))
