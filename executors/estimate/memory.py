"""Put together what lies on the device in every phase, and find the peak."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import prod

from ...knowledge.stack import Stack
from .methods.method import FineTuning
from .optimizers import Need, Trained, optimizer_need
from .request import EstimateRequest
from .reserve import RECORDS, STEPS, Tensors, events_of, replayed
from .result import Part, Phase
from .shadow.memory import Kind
from .sharding import BUCKET, SUB_GROUP, Sharing, sharing_of, waiting_bytes
from .step import Step, StepPeaks
from .storage import Placement, placement_of
from .weights import Architecture, rounded

FP32 = 4
NAMES = {
    Kind.ACTIVATION: "activations",
    Kind.CHECKPOINT: "checkpoints",
    Kind.LOGITS: "logits",
    Kind.GRADIENT: "gradients",
    Kind.TEMPORARY: "temporary",
}


@dataclass(frozen=True)
class Memory:
    """Hold the bytes that tensors take.

    Attributes:
        phases: The highest need of each phase.
        parts: What the peak consists of, largest first.
        steady: What stays between steps.
        trained: Numbers that are trained.
        reserved: What the caching allocator holds; 0 when nobody asked.
        grown: The same at most, after batches of growing lengths.
        crowding: Bytes that the peak grows by when tokens crowd in one expert.
    """

    phases: dict[Phase, int]
    parts: list[Part]
    steady: int
    trained: int
    reserved: int = 0
    grown: int = 0
    crowding: int = 0

    @property
    def phase(self) -> Phase:
        """The phase that needs the most."""
        return max(self.phases, key=lambda phase: self.phases[phase])

    @property
    def peak(self) -> int:
        """Bytes that tensors take at most."""
        return self.phases[self.phase]


def memory_of(
    request: EstimateRequest,
    architecture: Architecture,
    method: FineTuning,
    stack: Stack,
    workspace: int,
    limit: float | None = None,
) -> Memory:
    """Return what tensors take on one device.

    Args:
        request: The run's settings.
        architecture: The model.
        method: What is trained.
        stack: How the libraries behave.
        workspace: Bytes that matrix libraries take for themselves.
        limit: Bytes that the device has for tensors; None when the allocator's reserve is not asked for.
    """
    placement = placement_of(request)
    trained = trained_tensors(architecture, method, placement)
    made = sum(tensor.count * rounded(tensor.elements * tensor.item) for tensor in trained)
    sharing = sharing_of(request, architecture, placement, made)
    need = _shared_need(request, trained, sharing)
    lasting = _lasting(architecture, method, placement, sharing) | {"workspace": workspace}
    lasting["master"] = sum(FP32 * tensor.elements * tensor.count for tensor in trained) // sharing.states
    lasting["master"] *= sharing.master and sharing.keeps_states
    held = waiting_bytes(architecture, made, placement, sharing) if request.grad_accum > 1 else 0
    step = partial(Step, request, architecture, method, placement, stack, sharing, held)
    peaks = step().play()
    peaks.gradients = made * sharing.widens // sharing.gradients
    phases = _phases(lasting, need, peaks, _loading(architecture, placement))
    phase = max(phases, key=lambda name: phases[name])
    steady = sum(lasting.values()) + need.state + peaks.inputs
    parts = _parts(lasting, need, peaks, phase)
    numbers = sum(tensor.count * tensor.elements for tensor in trained)
    crowding = 0
    if architecture.crowded:
        worst = replace(architecture, blocks=architecture.crowded)
        uneven = Step(request, worst, method, placement, stack, sharing, held).play()
        crowding = max(0, max(uneven.bytes.values()) - max(peaks.bytes.values()))
    if limit is None:
        return Memory(phases, parts, steady, numbers, crowding=crowding)
    kept = Need(need.state + lasting["master"], need.temporary)
    tensors = _tensors(architecture, method, placement, sharing, kept, workspace)
    settled = replayed(tensors, [events_of(step())] * STEPS, limit).reserved
    grown = settled
    if request.varied:
        shorter = [request.model_copy(update={"seq_len": max(1, int(request.seq_len * share))}) for share in RECORDS]
        steps = [Step(one, architecture, method, placement, stack, sharing, held) for one in shorter]
        grown = replayed(tensors, list(map(events_of, steps)), limit).most_reserved
    least = max(phases.values())
    return Memory(phases, parts, steady, numbers, max(settled, least), max(grown, least), crowding)


def _tensors(
    architecture: Architecture,
    method: FineTuning,
    placement: Placement,
    sharing: Sharing,
    need: Need,
    workspace: int,
) -> Tensors:
    """Return one device's tensors that outlive a step, one by one; sums are spread as their tensors are."""
    base = [placement.bytes_of(weight) for count, weight in architecture.weights() for _ in range(count)]
    added = [method.item * prod(one.shape) for one in method.added(architecture) for _ in range(one.count)]
    trained = [
        tensor.elements * tensor.item
        for tensor in trained_tensors(architecture, method, placement)
        for _ in range(tensor.count)
    ]
    buckets = [BUCKET] * (sharing.buckets // BUCKET)
    return Tensors(
        [rounded(size * sharing.widens // sharing.devices) for size in base + added] * sharing.keeps_weights + buckets,
        _spread(need.state, 2 * trained),
        _spread(need.temporary, trained),
        [workspace],
    )


def _spread(whole: int, sizes: list[int]) -> list[int]:
    """Return sizes in the proportions of ``sizes`` that add up to about ``whole``."""
    share = whole / max(1, sum(sizes))
    return [rounded(int(size * share)) for size in sizes] if whole else []


def _shared_need(request: EstimateRequest, trained: list[Trained], sharing: Sharing) -> Need:
    """Return what the optimizer needs on one device.

    DeepSpeed's optimizer works on float32 copies, and writes the gradients' share out in float32 before a step; at
    stage 3 it does so group by group.

    Source: DeepSpeed ``runtime/zero/stage_1_and_2.py``, ``step``; ``stage3.py``, ``_prepare_sub_group``.
    """
    if not sharing.keeps_states:
        return Need(0, 0)
    if sharing.master or sharing.widens > 1:
        trained = [replace(tensor, item=FP32) for tensor in trained]
    whole = optimizer_need(request.optimizer, trained, on_cpu=request.device == "cpu")
    written = sum(FP32 * tensor.elements * tensor.count for tensor in trained) // sharing.states
    if request.parallel == "zero3":
        written = min(written, FP32 * SUB_GROUP)
    return Need(whole.state // sharing.states, whole.temporary // sharing.states + sharing.master * written)


def _lasting(architecture: Architecture, method: FineTuning, placement: Placement, sharing: Sharing) -> dict[str, int]:
    """Return what lies on a device all the time, beside the optimizer's state."""
    weights = sum(count * placement.bytes_of(weight) for count, weight in architecture.weights())
    added = sum(added.count * rounded(method.item * prod(added.shape)) for added in method.added(architecture))
    return {
        "weights": sharing.keeps_weights * weights * sharing.widens // sharing.devices + architecture.buffers,
        "adapter": sharing.keeps_weights * added // sharing.devices,
        "buckets": sharing.buckets,
    }


def trained_tensors(architecture: Architecture, method: FineTuning, placement: Placement) -> list[Trained]:
    """Return every trained tensor: weights of the base model that the method trains, and what it adds."""
    base = [
        Trained(weight.shape, placement.item_of(weight), count, weight.role not in {"embedding", "head"})
        for count, weight in architecture.weights()
        if method.trains(weight)
    ]
    return base + [Trained(one.shape, method.item, one.count) for one in method.added(architecture) if one.trained]


def _loading(architecture: Architecture, placement: Placement) -> int:
    """Return what loading needs beside the weights: the largest one before it is packed."""
    if placement.quant == "gptq":  # comes packed
        return 0
    packed = [weight.elements * placement.item for _, weight in architecture.weights() if placement.quantises(weight)]
    return max(packed, default=0)


def _phases(lasting: dict[str, int], need: Need, peaks: StepPeaks, loading: int) -> dict[Phase, int]:
    weights = sum(lasting.values())
    between = weights + need.state + peaks.inputs + peaks.gradients
    return {
        "load": weights - lasting["workspace"] + loading,
        "forward": weights + need.state + peaks.bytes["forward"],
        "backward": weights + need.state + peaks.bytes["backward"],
        "clip": between,
        "step": between + need.temporary,
    }


def _parts(lasting: dict[str, int], need: Need, peaks: StepPeaks, phase: Phase) -> list[Part]:
    found = dict(lasting)
    if phase != "load":
        found["optimizer"] = need.state
    if phase in {"clip", "step"}:
        found |= {"gradients": peaks.gradients, "inputs": peaks.inputs}
        found["temporary"] = need.temporary if phase == "step" else 0
    elif phase != "load":
        for kind, size in zip(Kind, peaks.kinds[phase], strict=True):
            found[NAMES[kind]] = found.get(NAMES[kind], 0) + size
    parts = [Part(name=name, bytes=size) for name, size in found.items() if size]
    return sorted(parts, key=lambda part: -part.bytes)
