"""Play all layers of one kind by playing one of them."""

from __future__ import annotations

from sys import getrefcount

from ...knowledge.stack import Stack
from .request import EstimateRequest
from .shadow.graph import Node, Run, Value, backward, require_gradient
from .shadow.memory import Kind, Storage
from .shadow.modules import Modules
from .sharding import gathered_bytes, joined_bytes
from .weights import Block


class Layers:
    """Stand for ``block.count`` equal layers; one is played, the others are weights on the scale.

    Args:
        run: The shadow step.
        block: The layer.
        modules: Its linear layers and norms.
        request: The run's settings.
        stack: How the libraries behave.
        sharers: Devices over which the layers are spread.
    """

    def __init__(
        self, run: Run, block: Block, modules: Modules, request: EstimateRequest, stack: Stack, sharers: int = 1
    ) -> None:
        self.run, self.block, self.modules = run, block, modules
        self.checkpointing = request.grad_checkpointing
        self.reentrant = stack.reentrant_checkpoint
        self.sharers = sharers
        self.others: list[Storage] = []
        self.input: Value | None = None
        self.node: Node | None = None
        self.arrived: list[Storage] = []
        self.saved = self.casts = 0

    def forward(self, x: Value) -> Value:
        """Return the output of the last of the layers.

        Args:
            x: The input of the first.
        """
        gathered = self._gathered()
        output = self._checkpointed(x) if self.checkpointing else self._recorded(x)
        # autocast's cache holds all layers' narrow copies until the forward pass ends
        self.run.casts[self] = self.run.new(self.casts * (self.block.count - 1))
        del gathered
        return output

    def _checkpointed(self, x: Value) -> Value:
        """Keep only each layer's input; a first layer that widens the residual stream is followed by wider ones."""
        others = self.run.new(x.storage.size * (self.block.count - 1), Kind.CHECKPOINT)
        output = self._played(x)
        if self.block.count > 1 and output.item != x.item:
            x.storage.become(Kind.CHECKPOINT)
            self.others.append(x.storage)
            x = output
            del output
            others = self.run.new(x.storage.size * (self.block.count - 2), Kind.CHECKPOINT)
            output = self._played(x)
        self.others.append(others)
        x.storage.become(Kind.CHECKPOINT)
        self.input, self.saved = x, x.storage.size
        return _plain(output)

    def _played(self, x: Value) -> Value:
        before = sum(cast.size for cast in self.run.casts.values())
        with self.run.without_recording():
            output = self._play(x)
        self.casts = sum(cast.size for cast in self.run.casts.values()) - before
        return output

    def _play(self, x: Value) -> Value:
        output = self.block.forward(self.modules, x)
        self.modules.scores = None
        return output

    def _recorded(self, x: Value) -> Value:
        """Keep everything that the backward pass needs: of inputs and outputs, only what an operation saved."""
        before = self.run.meter.current
        x = _plain(x)
        self.arrived = require_gradient(x)
        references = getrefcount(x.storage)
        output = self._play(x)
        saved_input = x.storage.size if getrefcount(x.storage) > references else 0
        del x
        self.node = output.node
        self.saved = self.run.meter.current - before - output.storage.size + saved_input
        self.others.append(self.run.new(self.saved * (self.block.count - 1)))
        return _plain(output)

    def backward(self, arriving: list[Storage]) -> list[Storage]:
        """Take the gradient of the last output, and return the one of the first input.

        While the layers are passed, saved tensors go and gradients come, both evenly: the peak is at one end.
        """
        meter = self.run.meter
        peak, kinds = meter.peak, meter.peak_by_kind
        meter.start_phase()
        whole = self._gathered(), self._joined()
        before, held = meter.by_kind[Kind.GRADIENT], len(self.run.gradients)
        self._pass(arriving)
        del whole
        self._share_gradients(held)
        gained = meter.by_kind[Kind.GRADIENT] - before
        growth = (self.block.count - 1) * max(0, gained - self.saved)
        if meter.peak + growth > peak:
            peak, kinds = meter.peak + growth, self._at_the_end(gained) if growth else meter.peak_by_kind
        self.others.clear()
        self.run.parameter_gradient(gained * (self.block.count - 1))
        meter.peak, meter.peak_by_kind = peak, kinds
        return self.arrived

    def _gathered(self) -> Storage | None:
        size = gathered_bytes(self.block, self.modules.placement)
        return self.run.new(size, Kind.TEMPORARY) if self.sharers > 1 else None

    def _joined(self) -> Storage | None:
        size = joined_bytes(self.block, self.modules.method, self.modules.placement)
        return self.run.new(size, Kind.GRADIENT) if self.sharers > 1 else None

    def _share_gradients(self, held: int) -> None:
        """Keep this device's share of the gradients that the layer has made."""
        if self.sharers > 1:
            made = sum(gradient.size for gradient in self.run.gradients[held:])
            del self.run.gradients[held:]
            self.run.parameter_gradient(made // self.sharers)

    def _at_the_end(self, gained: int) -> tuple[int, ...]:
        """Return the peak's composition when it comes with the last layer that is passed."""
        kinds = list(self.run.meter.peak_by_kind)
        kinds[Kind.GRADIENT] += (self.block.count - 1) * gained
        kinds[Kind.CHECKPOINT if self.checkpointing else Kind.ACTIVATION] -= (self.block.count - 1) * self.saved
        return tuple(kinds)

    def _pass(self, arriving: list[Storage]) -> None:
        held = self.input  # a checkpoint keeps its input until its layer is passed
        output = self._recomputed() if self.checkpointing else None
        node, self.node = output.node if output is not None else self.node, None
        if not self.reentrant:
            del output
        if node is not None and arriving:
            backward(node, arriving.pop())
        del held
        self.run.casts.clear()

    def _recomputed(self) -> Value:
        assert self.input is not None
        x = _plain(self.input)
        self.input = None
        self.arrived = require_gradient(x)
        return self._play(x)


def _plain(x: Value) -> Value:
    return Value(x.run, x.storage, x.rows, x.width, x.item)
