"""Autograd without numbers: what each operation saves, and when it lets go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush

from .memory import Kind, Meter, Storage, Stream

Gradients = tuple["Storage | None", ...]
Backward = Callable[[Storage], Gradients]


class Run:
    """Hold the state of one shadow step.

    Attributes:
        recording: Whether operations are recorded for a backward pass.
        amp_item: Bytes of autocast's type; 0 without autocast.
        casts: Autocast's cache of weight copies.
        gradients: The parameter gradients that have been produced.
        accumulates: Whether gradients of earlier micro steps are there already, to which new ones are added.
        pinned: What operations keep as plain attributes: neither checkpoints nor the backward pass let go of it, only
            the end of the graph.
        pins: Whether operations that are not recorded keep such attributes all the same, as in checkpoints that record
            and drop what is saved.
        on_cpu: Whether operations are a CPU's, some of which are not fused.
    """

    def __init__(self, amp_item: int = 0) -> None:
        self.meter = Meter()
        self.recording = True
        self.amp_item = amp_item
        self.casts: dict[object, Storage] = {}
        self.gradients: list[Storage] = []
        self.accumulates = False
        self.pinned: list[Storage] = []
        self.pins = False
        self.on_cpu = False
        self._order = 0

    def new(self, size: int, kind: Kind = Kind.ACTIVATION, pieces: int = 1, stream: Stream = Stream.COMPUTE) -> Storage:
        """Return fresh bytes, of one tensor or of several equal ones."""
        return Storage(self.meter, size, kind, pieces, stream)

    def pinned_bytes(self, since: int = 0, beside: Iterable[Storage] = ()) -> int:
        """Return the bytes of what is pinned, every tensor once.

        Args:
            since: The first entry that counts.
            beside: Tensors that do not count.
        """
        found = {id(storage): storage.size for storage in self.pinned[since:]}
        return sum(found.values()) - sum(found.get(id(storage), 0) for storage in beside)

    def order(self) -> int:
        """Return the next sequence number; the backward pass runs from the highest down."""
        self._order += 1
        return self._order

    def parameter_gradient(self, size: int, stream: Stream = Stream.COMPUTE) -> None:
        """Keep the gradient of a parameter until the optimizer has used it."""
        gradient = self.new(size, Kind.GRADIENT, stream=stream)
        if not self.accumulates:
            self.gradients.append(gradient)

    @contextmanager
    def without_recording(self) -> Iterator[None]:
        """Run operations as under ``torch.no_grad``."""
        before, self.recording = self.recording, False
        try:
            yield
        finally:
            self.recording = before


class Node:
    """Remember one operation: its inputs' nodes, what it saved, and how it makes gradients."""

    __slots__ = ("back", "inputs", "order", "saved")

    def __init__(self, order: int, inputs: tuple[Node | None, ...], saved: list[Storage], back: Backward) -> None:
        self.order, self.inputs, self.saved, self.back = order, inputs, saved, back

    def __lt__(self, other: Node) -> bool:
        return self.order > other.order


class Value:
    """Stand in for a tensor of ``rows`` x ``width`` numbers of ``item`` bytes; views share a storage."""

    __slots__ = ("item", "node", "rows", "run", "storage", "width")

    def __init__(self, run: Run, storage: Storage, rows: int, width: int, item: int, node: Node | None = None) -> None:
        self.run, self.storage, self.rows, self.width, self.item, self.node = run, storage, rows, width, item, node

    @property
    def size(self) -> int:
        """Bytes of the numbers."""
        return self.rows * self.width * self.item

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return self.rows * self.width


def fresh(run: Run, rows: int, width: int, item: int, kind: Kind = Kind.ACTIVATION) -> Value:
    """Return a new tensor without history."""
    return Value(run, run.new(rows * width * item, kind), rows, width, item)


def record(value: Value, inputs: tuple[Value, ...], saved: tuple[Storage, ...], back: Backward) -> Value:
    """Give a result its history, if any of its inputs needs a gradient.

    Args:
        value: The result.
        inputs: What it was made of, in the order of the gradients that ``back`` returns.
        saved: What stays alive until the backward pass has passed here.
        back: Makes the inputs' gradients from the result's.
    """
    run = value.run
    if run.recording:
        nodes = [source.node for source in inputs]
        if nodes.count(None) < len(nodes):
            value.node = Node(run.order(), tuple(nodes), list(saved), back)
    return value


def view(value: Value, rows: int, width: int) -> Value:
    """Return the same bytes in another shape; a view costs nothing in either direction."""
    return Value(value.run, value.storage, rows, width, value.item, value.node)


def require_gradient(value: Value, *, leaf: bool = False) -> list[Storage]:
    """Make a tensor the end of its graph, and return the list in which its gradient will arrive.

    Args:
        value: The tensor.
        leaf: Whether it is a leaf in PyTorch's graph too: then the graph keeps it alive.
    """
    arrived: list[Storage] = []

    def back(gradient: Storage) -> Gradients:
        arrived.append(gradient)
        return ()

    value.node = Node(value.run.order(), (), [value.storage] if leaf else [], back)
    return arrived


def _references_when_alone() -> int:
    table = {0: object()}
    held = table.get(0)
    return sys.getrefcount(held)


_ALONE = _references_when_alone()
"""References to a gradient that nobody but the engine's table and a local name holds."""


def backward(node: Node, gradient: Storage) -> None:
    """Run the backward pass from a node, in autograd's order and with its lifetimes.

    Source: PyTorch ``torch/csrc/autograd/engine.cpp``: nodes by descending sequence number, saved tensors released
    after a node has run; ``input_buffer.cpp``: gradients that meet are added in place when nobody else holds the
    first, and no view of it is held.
    """
    waiting: list[Node] = [node]
    gradients: dict[Node, Storage] = {node: gradient}
    del gradient
    while waiting:
        node = heappop(waiting)
        arrived = gradients.pop(node)
        results = list(node.back(arrived))
        del arrived
        node.saved.clear()
        _pass_on(node.inputs, results, waiting, gradients)


def _pass_on(
    inputs: tuple[Node | None, ...], results: list[Storage | None], waiting: list[Node], gradients: dict[Node, Storage]
) -> None:
    for position, source in enumerate(inputs):
        result, results[position] = results[position], None
        if source is None or result is None:
            continue
        held = gradients.get(source)
        if held is None:
            heappush(waiting, source)
            gradients[source] = result
        elif held.viewed or sys.getrefcount(held) > _ALONE:
            gradients[source] = Storage(held.meter, held.size, held.kind)
        del result, held
