"""What would make a run fit: the cheapest changes first, one on top of the other."""

from collections.abc import Iterator

from ...knowledge.frozen import Frozen
from .estimate import estimate
from .request import EstimateRequest
from .result import Estimate
from .unsupported import UnsupportedError

WITHOUT_CHECKPOINTING = frozenset({"prefix_tuning", "p_tuning_v2"})


class Remedy(Frozen):
    """Name one change, and what the run needs after it and all before it.

    Attributes:
        change: ``checkpointing``, ``batch``, ``loss``, ``optimizer``, ``qlora`` or ``length``.
        value: What the setting becomes.
    """

    change: str
    value: str
    estimate: Estimate


def remedies(request: EstimateRequest, memory_bytes: int) -> list[Remedy]:
    """Return the changes, in order, after which the run fits; empty when it fits as it is or nothing helps.

    Args:
        request: The run.
        memory_bytes: What the device has.
    """
    if estimate(request, replay=True).peak.high_bytes <= memory_bytes:
        return []
    taken: list[Remedy] = []
    need = estimate(request, replay=True).peak.high_bytes
    for change, name, value in _changes(request):
        changed = request.model_copy(update={name: value} | _kept(request, name, value))
        try:
            answer = estimate(changed, replay=True)
        except UnsupportedError:
            continue
        if answer.peak.high_bytes >= need:
            continue
        request, need = changed, answer.peak.high_bytes
        taken.append(Remedy(change=change, value=str(value), estimate=answer))
        if need <= memory_bytes:
            return taken
    return []


def _changes(request: EstimateRequest) -> Iterator[tuple[str, str, bool | int | str]]:
    if not request.grad_checkpointing and request.method not in WITHOUT_CHECKPOINTING:
        yield "checkpointing", "grad_checkpointing", True
    if request.batch > 1:
        yield "batch", "batch", 1
    if request.loss == "standard":
        yield "loss", "loss", "chunked"
    if request.optimizer.startswith("adamw_torch"):
        yield "optimizer", "optimizer", "adamw_8bit"
    if request.method in {"lora", "full"}:
        yield "qlora", "method", "qlora"
    length = request.seq_len // 2
    while length >= 256:
        yield "length", "seq_len", length
        length //= 2


def _kept(request: EstimateRequest, name: str, value: object) -> dict[str, int]:
    """Return what keeps the rows per update as they were when batches become smaller."""
    return {"grad_accum": request.grad_accum * request.batch} if name == "batch" and value == 1 else {}
