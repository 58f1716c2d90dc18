"""What the caching allocator holds: a run's tensors replayed in the order in which they come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .allocator import Allocator, Block
from .shadow.memory import Event
from .step import Step
from .weights import Block as Layer

STEPS = 2
"""Steps after which nothing new is asked for: the optimizer's state is made in the first one."""
RECORDS = (1 / 2, 3 / 4, 7 / 8, 15 / 16, 31 / 32, 1.0)
"""Lengths of batches that are longer than all before, as shares of the longest: such a batch finds no block of its
size, and the blocks of the shorter ones stay. Of lengths spread evenly the k-th record is 1 - 2 ** -k on average, and
n batches bring about ln n + 0.58 records, which are six to seven in the first few hundred.

Source: Arnold, Balakrishnan and Nagaraja, Records, 1998, sections 2.5 and 2.8.
"""
PLAYED = 3
"""Layers that are played one by one, the first ones and the last; those between are equal to them."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """Hold the sizes of the tensors that live longer than a micro step, one number per tensor.

    Attributes:
        weights: Weights and adapters.
        states: What the optimizer keeps; made in the first step, after the first backward pass.
        temporary: What the optimizer needs during a step.
        workspace: The matrix library's workspaces, of the forward and of the backward pass.
    """

    weights: Sequence[int]
    states: Sequence[int]
    temporary: Sequence[int]
    workspace: Sequence[int]


def events_of(step: Step) -> list[Event]:
    """Return what comes and goes in a micro step, which is played with some layers one by one.

    Args:
        step: The step, not played yet.
    """
    step.architecture = replace(step.architecture, blocks=tuple(unrolled(step.architecture.blocks)))
    meter = step.run.meter
    events: list[Event] = []
    meter.events = events
    step.play()
    meter.events = None
    return events


def unrolled(blocks: Iterable[Layer]) -> Iterator[Layer]:
    """Yield layers so that the first ones and the last are played one by one."""
    for block in blocks:
        if block.count <= PLAYED:
            yield from (replace(block, count=1) for _ in range(block.count))
            continue
        yield from (replace(block, count=1) for _ in range(PLAYED - 2))
        yield replace(block, count=block.count - PLAYED + 1)
        yield replace(block, count=1)


def replayed(tensors: Tensors, steps: Sequence[Sequence[Event]], limit: float) -> Allocator:
    """Return the allocator after some steps.

    Args:
        tensors: What lives longer than a step.
        steps: What comes and goes in each step, as the shadow's meter tells it.
        limit: Bytes that the device has for tensors.
    """
    allocator = Allocator(limit)
    allocator.hold(tensors.weights)
    allocator.hold(tensors.workspace)
    for number, events in enumerate(steps):
        left = _step(allocator, events)
        if number == 0:
            allocator.hold(tensors.states)
        allocator.release(allocator.hold(tensors.temporary))
        allocator.release(left)
    return allocator


def _step(allocator: Allocator, events: Sequence[Event]) -> list[Block]:
    """Replay forward and backward, and return what is left: the gradients."""
    live: dict[int, list[Block]] = {}
    for position, (size, number, stream) in enumerate(events):
        if size < 0:
            allocator.release(live.pop(number))
        else:
            live[position] = allocator.hold([size] * number, stream)
    return [block for blocks in live.values() for block in blocks]
