"""What would make a run fit: every change on its own, and the cheapest ones together."""

from collections.abc import Iterator
from dataclasses import dataclass

from .compare import WITHOUT_CHECKPOINTING, for_method
from .estimate import estimate
from .request import EstimateRequest
from .result import Estimate
from .unsupported import UnsupportedError

SHORTEST = 256
SHARERS = (2, 4, 8)
ORDER = ("checkpointing", "batch", "loss", "optimizer", "length", "qlora", "sharding")
"""Cheapest first: the first four change nothing of what is learned, shorter rows lose text, sharding needs machines."""
WORTH = 0.99
"""A change that leaves more than this share of the need is not worth telling."""
Fields = dict[str, bool | int | str]


@dataclass(frozen=True)
class Change:
    """Name one change.

    Attributes:
        kind: One of ``ORDER``.
        value: What the setting becomes.
        fields: The request's fields that change.
    """

    kind: str
    value: str
    fields: Fields


@dataclass(frozen=True)
class Remedy:
    """Hold what a run needs after a change.

    Attributes:
        change: The change, and in a combination all before it.
        estimate: What the changed run takes.
        fits: Whether the device holds it, at the high end.
    """

    change: Change
    estimate: Estimate
    fits: bool


def single_remedies(request: EstimateRequest, memory_bytes: int) -> list[Remedy]:
    """Return every change on its own that needs less memory, in ``ORDER``; of several steps the first that fits.

    Args:
        request: The run.
        memory_bytes: What the device has.
    """
    need = estimate(request, replay=True).peak.high_bytes
    found = []
    for kind in ORDER:
        tried = [remedy for change in _steps(request, kind) if (remedy := _after(request, [change], memory_bytes))]
        less = [remedy for remedy in tried if remedy.estimate.peak.high_bytes < WORTH * need]
        if less:
            found.append(next((remedy for remedy in less if remedy.fits), less[-1]))
    return found


def remedies(request: EstimateRequest, memory_bytes: int) -> list[Remedy]:
    """Return the changes, in order, after which the run fits; empty when it fits as it is or nothing helps.

    Changes are taken cheapest first, one on top of the other; then those that turn out not to be needed are dropped.

    Args:
        request: The run.
        memory_bytes: What the device has.
    """
    need = estimate(request, replay=True).peak.high_bytes
    if need <= memory_bytes:
        return []
    taken: list[Change] = []
    for kind in ORDER:
        kept = taken
        for change in _steps(request, kind):
            answer = _after(request, [*kept, change], memory_bytes)
            if answer is None or answer.estimate.peak.high_bytes >= WORTH * need:
                continue
            taken, need = [*kept, change], answer.estimate.peak.high_bytes
            if answer.fits:
                return _built_up(request, _needed(request, taken, memory_bytes), memory_bytes)
    return []


def _needed(request: EstimateRequest, taken: list[Change], memory_bytes: int) -> list[Change]:
    """Return the changes without those that are not needed, the dearest dropped first."""
    for change in reversed(taken[:-1]):
        fewer = [other for other in taken if other is not change]
        answer = _after(request, fewer, memory_bytes)
        if answer is not None and answer.fits:
            taken = fewer
    return taken


def _built_up(request: EstimateRequest, changes: list[Change], memory_bytes: int) -> list[Remedy]:
    steps = (_after(request, changes[: number + 1], memory_bytes) for number in range(len(changes)))
    return [step for step in steps if step is not None]


def _after(request: EstimateRequest, changes: list[Change], memory_bytes: int) -> Remedy | None:
    fields: Fields = {}
    for change in changes:
        fields |= change.fields
    try:
        answer = estimate(request.model_copy(update=fields), replay=True)
    except UnsupportedError:
        return None
    return Remedy(changes[-1], answer, answer.peak.high_bytes <= memory_bytes)


def _steps(request: EstimateRequest, kind: str) -> Iterator[Change]:
    """Yield one kind of change, the smallest step first."""
    if kind == "checkpointing" and not request.grad_checkpointing and request.method not in WITHOUT_CHECKPOINTING:
        yield Change(kind, "on", {"grad_checkpointing": True})
    if kind == "batch":
        for batch in _halves(request.batch, 1):
            rows = -(-request.grad_accum * request.batch // batch)
            yield Change(kind, str(batch), {"batch": batch, "grad_accum": rows})
    if kind == "loss" and request.loss == "standard" and not request.labels:
        yield Change(kind, "chunked", {"loss": "chunked"})
    if kind == "optimizer" and request.optimizer.startswith("adamw_torch") and request.device == "cuda":
        yield Change(kind, "adamw_8bit", {"optimizer": "adamw_8bit"})
    if kind == "length":
        for length in _halves(request.seq_len, SHORTEST):
            yield Change(kind, str(length), {"seq_len": length})
    if kind == "qlora" and request.method in {"lora", "full"} and request.device == "cuda":
        yield Change(kind, "qlora", {"method": "qlora", "dtype": for_method(request, "qlora").dtype})
    if kind == "sharding" and request.gpus == 1 and request.device == "cuda":
        for gpus in SHARERS:
            yield Change(kind, str(gpus), {"gpus": gpus, "parallel": "fsdp"})


def _halves(number: int, least: int) -> Iterator[int]:
    while number // 2 >= least:
        number //= 2
        yield number
