"""Play all layers of one kind by playing one of them."""

from __future__ import annotations

from sys import getrefcount

from ...knowledge.stack import Stack
from .request import EstimateRequest
from .shadow.graph import Node, Run, Value, backward, require_gradient
from .shadow.memory import Kind, Storage, Stream
from .shadow.modules import Modules
from .shadow.shared import Shared
from .sharding import Sharing, gathered_bytes, joined_bytes
from .weights import Block


class Layers:
    """Stand for ``block.count`` equal layers; one is played, the others are weights on the scale.

    Args:
        run: The shadow step.
        block: The layer.
        modules: Its linear layers and norms.
        outside: Those outside the layers, for what lies before the first.
        request: The run's settings.
        stack: How the libraries behave.
        sharing: How several devices share; without it there is one.

    Attributes:
        frozen_input: Whether nothing before the first layer is trained, so that its input needs no gradient.
    """

    def __init__(
        self,
        run: Run,
        block: Block,
        modules: Modules,
        outside: Modules,
        request: EstimateRequest,
        stack: Stack,
        sharing: Sharing | None = None,
    ) -> None:
        self.run, self.block, self.modules, self.outside = run, block, modules, outside
        self.checkpointing = request.grad_checkpointing
        self.reentrant = stack.reentrant_checkpoint
        self.sharing = sharing or Sharing()
        self.sharers = 1 if self.sharing.waits else self.sharing.gradients
        self.frozen_input = False
        self.others: list[Storage] = []
        self.kept: list[Storage] = []
        self.input: Value | None = None
        self.node: Node | None = None
        self.arrived: list[Storage] = []
        self.saved = self.casts = self.pinned = 0
        self.shared: dict[str, Shared] = {}
        self.entered: Node | None = None
        self.before: list[Storage] = []

    def forward(self, x: Value) -> Value:
        """Return the output of the last of the layers.

        Args:
            x: The input of the first.
        """
        if self.block.enter is not None:
            x = self._enter(x)
        gathered = self._gathered()
        output = self._checkpointed(x) if self.checkpointing else self._recorded(x)
        if not self.checkpointing:  # checkpoints hold what they pass on
            for one in self.shared.values():
                one.let_go()
        # autocast's cache holds all layers' narrow copies until the forward pass ends
        self.run.casts[self] = self.run.new(self.casts * (self.block.count - 1), pieces=self.block.count - 1)
        del gathered
        return output

    def _enter(self, x: Value) -> Value:
        x = _plain(x)
        self.before = require_gradient(x)
        assert self.block.enter is not None
        x, shared = self.block.enter(self.outside, x)
        self.entered = x.node
        self.shared = {name: Shared(value) for name, value in shared.items()}
        return x

    def _leave(self) -> list[Storage]:
        """Pass on the gradients of the layers' input and of what they shared."""
        if self.entered is not None and self.arrived:
            backward(self.entered, self.arrived.pop())
        while self.shared:
            self.shared.popitem()[1].close()
        return self.before

    def _checkpointed(self, x: Value) -> Value:
        """Keep only each layer's input; a first layer that widens the residual stream is followed by wider ones."""
        others = self.run.new(x.storage.size * (self.block.count - 1), Kind.CHECKPOINT, self.block.count - 1)
        played, output = 1, self._played(x)
        if self.block.count > 1 and output.item != x.item:
            x.storage.become(Kind.CHECKPOINT)
            self.others.append(x.storage)
            x = output
            del output
            others = self.run.new(x.storage.size * (self.block.count - 2), Kind.CHECKPOINT, self.block.count - 2)
            played, output = 2, self._played(x)
        self.others.append(others)
        self._keep_outputs(x.rows)
        self._pin_others(played)
        x.storage.become(Kind.CHECKPOINT)
        self.input, self.saved = x, x.storage.size + sum(one.size for one in self.kept)
        self._cache()
        return _plain(output)

    def _keep_outputs(self, rows: int) -> None:
        """Keep what selective checkpoints keep beside a layer's input, of the played layer and of the others."""
        others = self.block.count - 1
        self.kept = [self.run.new(rows * size, Kind.CHECKPOINT) for size in self.block.kept]
        self.others += [self.run.new(one.size * others, Kind.CHECKPOINT, others) for one in self.kept if others]

    def _cache(self) -> None:
        """Count the keys and values of the layers that are not played."""
        held = sum(storage.size for storage in self.modules.cached[-1:])
        missing = self.block.count - len(self.modules.cached)
        self.modules.cached.append(self.run.new(held * missing, pieces=missing))

    def _played(self, x: Value) -> Value:
        before, held = sum(cast.size for cast in self.run.casts.values()), len(self.run.pinned)
        self.run.pins = not self.reentrant
        with self.run.without_recording():
            output = self._play(x)
        self.run.pins = False
        self.pinned = self._pinned_since(held)
        self.casts = sum(cast.size for cast in self.run.casts.values()) - before
        return output

    def _pin_others(self, played: int = 1) -> None:
        """Count what the layers that are not played pin."""
        others = self.block.count - played
        if self.pinned and others:
            self.run.pinned.append(self.run.new(self.pinned * others, pieces=others))

    def _pinned_since(self, held: int) -> int:
        """Return the bytes that a layer pins of its own: what all layers share is there once."""
        shared = [one.value.storage for one in self.shared.values() if one.value is not None]
        return self.run.pinned_bytes(held, shared)

    def drop_cache(self) -> None:
        """Let go of keys and values that the model's outputs held."""
        self.modules.cached.clear()

    def _play(self, x: Value) -> Value:
        self.modules.shared = {name: one.lend() for name, one in self.shared.items()}
        output = self.block.forward(self.modules, x)
        self.modules.shared = {}
        self.modules.scores = None
        return output

    def _recorded(self, x: Value) -> Value:
        """Keep everything that the backward pass needs: of inputs and outputs, only what an operation saved."""
        meter = self.run.meter
        before, peak, kinds = meter.current, meter.peak, meter.peak_by_kind
        held = len(self.run.pinned)
        meter.start_phase()
        x = _plain(x)
        self.arrived = [] if self.frozen_input else require_gradient(x)
        references = getrefcount(x.storage)
        output = self._play(x)
        saved_input = x.storage.size if getrefcount(x.storage) > references else 0
        del x
        self.node = output.node
        self.saved = meter.current - before - output.storage.size + saved_input
        cached = _held_alone(self.modules.cached)
        self.saved -= cached
        self.pinned = self._pinned_since(held)
        # the last layer's own peak comes on top of what the others have saved
        others = self.saved * (self.block.count - 1)
        if meter.peak + others > peak:
            peak, kinds = meter.peak + others, self._with_others(meter.peak_by_kind, others)
        self.saved -= self.pinned
        self.others.append(self.run.new(self.saved * (self.block.count - 1), pieces=self.block.count - 1))
        self.modules.cached.append(self.run.new(cached * (self.block.count - 1), pieces=self.block.count - 1))
        self._pin_others()
        if meter.peak < peak:
            meter.peak, meter.peak_by_kind = peak, kinds
        return _plain(output)

    def _with_others(self, kinds: tuple[int, ...], size: int) -> tuple[int, ...]:
        return tuple(bytes_ + size * (kind == Kind.ACTIVATION) for kind, bytes_ in enumerate(kinds))

    def backward(self, arriving: list[Storage]) -> list[Storage]:
        """Take the gradient of the last output, and return the one of the first input.

        While the layers are passed, saved tensors go and gradients come, both evenly: the peak is at one end.
        """
        meter = self.run.meter
        peak, kinds = meter.peak, meter.peak_by_kind
        meter.start_phase()
        before, held = meter.by_kind[Kind.GRADIENT], len(self.run.gradients)
        whole = self._gathered(), self._joined()
        self._pass(arriving)
        del whole
        self._share_gradients(held)
        gained = meter.by_kind[Kind.GRADIENT] - before
        growth = self._growth(gained)
        if meter.peak + growth > peak:
            peak, kinds = meter.peak + growth, self._at_the_end(gained) if growth else meter.peak_by_kind
        self.others.clear()
        self._add_gradients(gained, held)
        meter.peak, meter.peak_by_kind = peak, kinds
        return self.arrived if self.block.enter is None else self._leave()

    def _growth(self, gained: int) -> int:
        """Return by how much a later layer's peak exceeds the first one's, which finds no shared gradients yet."""
        if self.block.count == 1:
            return 0
        step = gained - self.saved
        return max(
            0, sum(one.gradient_bytes for one in self.shared.values()) + max(step, (self.block.count - 1) * step)
        )

    def _add_gradients(self, gained: int, held: int) -> None:
        """Add the gradients of the layers that are not played, one by one where somebody follows each tensor."""
        if self.run.meter.events is None or self.run.accumulates:
            self.run.parameter_gradient(gained * (self.block.count - 1))
            return
        for size in [gradient.size for gradient in self.run.gradients[held:]] * (self.block.count - 1):
            self.run.parameter_gradient(size, Stream.REDUCE if self.sharers > 1 else Stream.COMPUTE)

    def _gathered(self) -> Storage | None:
        if not self.sharing.gathers:
            return None
        size = gathered_bytes(self.block, self.modules.placement, self.sharing)
        return self.run.new(size, Kind.TEMPORARY, self.sharing.copies, Stream.GATHER)

    def _joined(self) -> Storage | None:
        size = joined_bytes(self.block, self.modules.method, self.modules.placement, self.sharing)
        return self.run.new(size, Kind.GRADIENT) if self.sharing.gathers else None

    def _share_gradients(self, held: int) -> None:
        """Keep this device's share of the gradients that the layer has made."""
        if self.sharers > 1:
            made = sum(gradient.size for gradient in self.run.gradients[held:])
            del self.run.gradients[held:]
            self.run.parameter_gradient(made * self.sharing.widens // self.sharers, Stream.REDUCE)

    def _at_the_end(self, gained: int) -> tuple[int, ...]:
        """Return the peak's composition when it comes with the last layer that is passed."""
        kinds = list(self.run.meter.peak_by_kind)
        kinds[Kind.GRADIENT] += (self.block.count - 1) * gained
        kinds[Kind.CHECKPOINT if self.checkpointing else Kind.ACTIVATION] -= (self.block.count - 1) * self.saved
        return tuple(kinds)

    def _pass(self, arriving: list[Storage]) -> None:
        held, pinned = self.input, len(self.run.pinned)  # a checkpoint keeps its input until its layer is passed
        output = self._recomputed() if self.checkpointing else None
        node, self.node = output.node if output is not None else self.node, None
        if not self.reentrant:
            del output, self.run.pinned[pinned:]
        if node is not None and arriving:
            backward(node, arriving.pop())
        del held, self.run.pinned[pinned:]
        self.run.casts.clear()

    def _recomputed(self) -> Value:
        assert self.input is not None
        x = _plain(self.input)
        self.input = None
        self.kept.clear()  # they take the places of what is played again
        self.arrived = require_gradient(x)
        output = self._play(x)
        self.drop_cache()
        return output


def _plain(x: Value) -> Value:
    return Value(x.run, x.storage, x.rows, x.width, x.item)


def _held_alone(storages: list[Storage]) -> int:
    """Return the bytes of storages that nothing but the list holds, such as the graph."""
    return sum(storage.size for storage in storages if getrefcount(storage) <= _ALONE)


def _references_when_alone() -> int:
    return next(getrefcount(one) for one in [object()])


_ALONE = _references_when_alone()
