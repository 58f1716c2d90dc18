"""Put together what lies on the device in every phase, and find the peak."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ...knowledge.stack import Stack
from .methods.method import FineTuning
from .optimizers import Need, Trained, optimizer_need
from .request import EstimateRequest
from .result import Part, Phase
from .shadow.memory import Kind
from .sharding import Sharing, sharing_of
from .step import Step, StepPeaks
from .storage import Placement, placement_of
from .weights import Architecture, rounded

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
    """

    phases: dict[Phase, int]
    parts: list[Part]
    steady: int
    trained: int

    @property
    def phase(self) -> Phase:
        """The phase that needs the most."""
        return max(self.phases, key=lambda phase: self.phases[phase])

    @property
    def peak(self) -> int:
        """Bytes that tensors take at most."""
        return self.phases[self.phase]


def memory_of(
    request: EstimateRequest, architecture: Architecture, method: FineTuning, stack: Stack, workspace: int
) -> Memory:
    """Return what tensors take on one device.

    Args:
        request: The run's settings.
        architecture: The model.
        method: What is trained.
        stack: How the libraries behave.
        workspace: Bytes that matrix libraries take for themselves.
    """
    placement = placement_of(request)
    trained = trained_tensors(architecture, method, placement)
    made = sum(tensor.count * rounded(tensor.elements * tensor.item) for tensor in trained)
    sharing = sharing_of(request, architecture, placement, made)
    lasting = _lasting(architecture, method, placement, sharing) | {"workspace": workspace}
    whole = optimizer_need(request.optimizer, trained, on_cpu=request.device == "cpu")
    need = Need(whole.state // sharing.devices, whole.temporary // sharing.devices)
    held = made // sharing.devices if request.grad_accum > 1 else 0
    peaks = Step(request, architecture, method, placement, stack, sharing, held).play()
    peaks.gradients = made // sharing.devices
    phases = _phases(lasting, need, peaks, _loading(architecture, placement))
    phase = max(phases, key=lambda name: phases[name])
    steady = sum(lasting.values()) + need.state + peaks.inputs
    parts = _parts(lasting, need, peaks, phase)
    return Memory(phases, parts, steady, sum(tensor.count * tensor.elements for tensor in trained))


def _lasting(architecture: Architecture, method: FineTuning, placement: Placement, sharing: Sharing) -> dict[str, int]:
    """Return what lies on a device all the time, beside the optimizer's state."""
    weights = sum(count * placement.bytes_of(weight) for count, weight in architecture.weights())
    added = sum(added.count * rounded(method.item * prod(added.shape)) for added in method.added(architecture))
    return {
        "weights": weights // sharing.devices + architecture.buffers,
        "adapter": added // sharing.devices,
        "buckets": sharing.buckets,
    }


def trained_tensors(architecture: Architecture, method: FineTuning, placement: Placement) -> list[Trained]:
    """Return every trained tensor: weights of the base model that the method trains, and what it adds."""
    base = [
        Trained(weight.shape, placement.item_of(weight), count)
        for count, weight in architecture.weights()
        if method.trains(weight)
    ]
    return base + [Trained(added.shape, method.item, added.count) for added in method.added(architecture)]


def _loading(architecture: Architecture, placement: Placement) -> int:
    """Return what loading needs beside the weights: the largest one before it is packed."""
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
