"""Write down every allocation and release on the simulated GPU, with the phase and the operation that made it."""

# ruff: noqa: ANN401 - PyTorch's hooks are open

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .device import NAME


@dataclass(frozen=True, slots=True)
class Event:
    """One allocation, or the release of an earlier one.

    Attributes:
        owner: Number of the tensor's storage.
        size: Bytes that were asked for; 0 for a release.
    """

    owner: int
    size: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a storage came from: the phase of the step, the operation, the last width of the first tensor in it."""

    phase: str
    operation: str
    width: int


@dataclass
class Trace:
    """Hold what happened.

    Attributes:
        events: Allocations and releases in order.
        marks: ``(number of events, phase)`` where each phase begins.
        origins: Owner -> where it came from.
        parts: Owner -> what it is for, where that is known, such as ``weights``.
    """

    events: list[Event] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    origins: dict[int, Origin] = field(default_factory=dict)
    parts: dict[int, str] = field(default_factory=dict)


class Tracker:
    """Follow storages from the operation that returns them to their end."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.phase = "load"
        self._live: dict[int, int] = {}
        self._count = 0

    def begin(self, phase: str) -> None:
        """Say which phase of a step begins."""
        self.phase = phase
        self.trace.marks.append((len(self.trace.events), phase))

    def name(self, part: str, tensors: Any) -> None:
        """Say what tensors are for; a storage keeps its first name."""
        for tensor in tensors:
            owner = self._live.get(tensor.untyped_storage()._cdata)
            if owner is not None:
                self.trace.parts.setdefault(owner, part)

    def see(self, tensor: Any, operation: str) -> None:
        """Write down a tensor's storage if it is new."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._live or size == 0:
            return
        self._count += 1
        owner = self._live[key] = self._count
        self.trace.events.append(Event(owner, size))
        width = tensor.shape[-1] if tensor.dim() else 1
        self.trace.origins[owner] = Origin(self.phase, operation, width)
        weakref.finalize(storage, self._forget, key, owner)

    def _forget(self, key: int, owner: int) -> None:
        if self._live.get(key) == owner:
            del self._live[key]
            self.trace.events.append(Event(owner, 0))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See every tensor that an operation returns within the block."""
        from torch import Tensor
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils._pytree import tree_leaves

        tracker = self

        class Watch(TorchDispatchMode):
            def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
                known = _known_scalar(function, arguments)
                if known is not None:
                    return known
                result = function(*arguments, **(options or {}))
                for leaf in tree_leaves(result):
                    if isinstance(leaf, Tensor) and leaf.device.type == NAME:
                        tracker.see(leaf, str(function))
                return result

        with Watch():  # type: ignore[no-untyped-call]
            yield


def _known_scalar(function: Any, arguments: Any) -> Any:
    """Return 1 where Python asks for a number that nobody has, such as the norm of all gradients."""
    import torch

    if function is not torch.ops.aten._local_scalar_dense.default or arguments[0].device.type != NAME:
        return None
    dtype = arguments[0].dtype
    return True if dtype == torch.bool else 1.0 if dtype.is_floating_point else 1
