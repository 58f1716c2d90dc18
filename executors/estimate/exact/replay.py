"""Replay a trace through the allocator's model, and read the books at the peak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .allocator import Allocator, DeviceFullError
from .tracker import Event, Trace

END = "end"
"""The mark after the last step."""
WORKSPACES = ("main thread", "autograd thread")
"""Each thread that multiplies matrices has a workspace of its own, which the allocator counts.

Source: PyTorch ``aten/src/ATen/cuda/CublasHandlePool.cpp``.
"""


@dataclass
class Replay:
    """Hold what the allocator counted.

    Attributes:
        phases: Phase -> the most that was allocated in it, in bytes.
        steady: Bytes allocated after the last step.
        reserved: The most that was reserved.
        moment: Number of the event at the peak, counted within the trace.
        live: Owner -> bytes held at the peak; workspaces by their name.
    """

    phases: dict[str, int] = field(default_factory=dict)
    steady: int = 0
    reserved: int = 0
    moment: int = 0
    live: dict[int | str, int] = field(default_factory=dict)

    @property
    def phase(self) -> str:
        """The phase that needs the most."""
        return max(self.phases, key=lambda phase: self.phases[phase])

    @property
    def allocated(self) -> int:
        """The most that was allocated."""
        return self.phases[self.phase]


def replay(trace: Trace, workspace: int, make: Callable[[], Allocator] = Allocator) -> Replay:
    """Return what an allocator counts during a trace.

    Args:
        trace: What happened on the device.
        workspace: Bytes of all workspaces together.
        make: Makes the allocator.

    Raises:
        DeviceFullError: The allocator's limit is too low.
    """
    found, allocator = Replay(), make()
    highest = 0
    for phase, events in _phases(trace):
        if phase == "forward" and "forward" not in found.phases:
            _enter_training(allocator, workspace)
        found.steady = allocator.allocated if phase == END else found.steady
        for number, event in events:
            _carry_out(allocator, event)
            if event.size and allocator.allocated > found.phases.get(phase, 0):
                found.phases[phase] = allocator.allocated
                if allocator.allocated > highest:
                    highest, found.moment = allocator.allocated, number
    found.phases.pop(END, None)
    found.reserved = allocator.peak_reserved
    return found


def live_at(trace: Trace, workspace: int, moment: int) -> dict[int | str, int]:
    """Return who holds how much after an event.

    Args:
        trace: What happened on the device.
        workspace: Bytes of all workspaces together.
        moment: Number of the event.
    """
    allocator = Allocator()
    entered = False
    for phase, events in _phases(trace):
        if phase == "forward" and not entered:
            _enter_training(allocator, workspace)
            entered = True
        for number, event in events:
            _carry_out(allocator, event)
            if number == moment:
                return allocator.live_sizes()  # type: ignore[return-value]
    raise ValueError(f"the trace has no event {moment}")


def least_device(trace: Trace, workspace: int, most: int) -> int:
    """Return the smallest limit within which the trace runs, to 1 part in 200.

    Args:
        trace: What happened on the device.
        workspace: Bytes of all workspaces together.
        most: A limit that is known to do.
    """
    low, high = 0, most
    while high - low > most // 200:
        middle = (low + high) // 2
        if runs_within(trace, workspace, middle):
            high = middle
        else:
            low = middle
    return high


def runs_within(trace: Trace, workspace: int, limit: int) -> bool:
    """Tell whether the trace runs on a device that gives the allocator ``limit`` bytes."""
    try:
        replay(trace, workspace, lambda: Allocator(limit))
    except DeviceFullError:
        return False
    return True


def _phases(trace: Trace) -> Iterator[tuple[str, list[tuple[int, Event]]]]:
    bounds = [*trace.marks, (len(trace.events), "")]
    for (first, phase), (last, _) in pairwise(bounds):
        yield phase, [(number, trace.events[number]) for number in range(first, last)]


def _enter_training(allocator: Allocator, workspace: int) -> None:
    """Trainers empty the cache when training begins. Source: accelerate ``Accelerator.free_memory``."""
    allocator.empty_cache()
    allocator.peak_reserved = allocator.reserved
    for name in WORKSPACES:
        if workspace:
            allocator.allocate(name, workspace // len(WORKSPACES))


def _carry_out(allocator: Allocator, event: Event) -> None:
    if event.size:
        allocator.allocate(event.owner, event.size)
    else:
        allocator.release(event.owner)
