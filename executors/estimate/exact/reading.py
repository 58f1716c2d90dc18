"""What a trace says at its peak, in the words of an estimate."""

from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from ..request import EstimateRequest
from ..result import Part, Phase
from .allocator import Allocator
from .replay import Replay, least_device, live_at, replay, runs_within
from .tracker import Trace

SHOWN = 12
"""Operations that are told, those with most bytes first."""


class Reading(BaseModel):
    """Hold what was read from a trace.

    Attributes:
        phases: The most that was allocated in each phase.
        steady: What stays between steps.
        reserved: The most that the allocator held, on the first GPU asked for if the trace runs there.
        least: The least that the allocator must be able to have.
        parts: What the peak consists of.
        operations: Which operations made what is alive at the peak and has no lasting purpose.
        parameters: Numbers in all parameters.
        trained: Numbers that are trained.
    """

    model_config = ConfigDict(frozen=True)

    phases: dict[Phase, int]
    steady: int
    reserved: int
    least: int
    parts: list[Part]
    operations: list[Part]
    parameters: int
    trained: int


def read(
    trace: Trace, counted: Mapping[str, int], request: EstimateRequest, workspace: int, limit: int | None
) -> Reading:
    """Return what a trace says.

    Args:
        trace: What happened on the device.
        counted: ``parameters`` and ``trained``.
        request: The run's settings.
        workspace: Bytes of all workspaces together.
        limit: Bytes that the allocator can have on the first GPU asked for.
    """
    roomy = replay(trace, workspace)
    least = least_device(trace, workspace, roomy.reserved)
    fits = limit is not None and limit < roomy.reserved and runs_within(trace, workspace, limit)
    held = replay(trace, workspace, lambda: Allocator(limit)) if fits else roomy
    roomy.live = live_at(trace, workspace, roomy.moment)
    return Reading(
        phases=roomy.phases,
        steady=roomy.steady,
        reserved=held.reserved,
        least=least,
        parts=_parts(trace, roomy, request),
        operations=_operations(trace, roomy),
        parameters=counted["parameters"],
        trained=counted["trained"],
    )


def _parts(trace: Trace, found: Replay, request: EstimateRequest) -> list[Part]:
    sizes: Counter[str] = Counter()
    for owner, size in found.live.items():
        sizes[_part_of(trace, owner, request, found.phase)] += size
    return [Part(name=name, bytes=size) for name, size in sizes.most_common()]


def _part_of(trace: Trace, owner: int | str, request: EstimateRequest, phase: str) -> str:
    if isinstance(owner, str):
        return "workspace"
    if owner in trace.parts:
        return trace.parts[owner]
    origin = trace.origins[owner]
    if origin.width == request.config.get("vocab_size"):
        return "logits"
    if phase in {"load", "clip", "step"}:
        return "temporary"
    return "checkpoints" if request.grad_checkpointing and origin.phase != phase else "activations"


def _operations(trace: Trace, found: Replay) -> list[Part]:
    sizes: Counter[str] = Counter()
    for owner, size in found.live.items():
        if not isinstance(owner, str) and owner not in trace.parts:
            sizes[f"{trace.origins[owner].phase} {trace.origins[owner].operation}"] += size
    return [Part(name=name, bytes=size) for name, size in sizes.most_common(SHOWN)]
