"""Linear layers and norms of one block, as the run's method, quantisation and precision make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ..request import BITS, EstimateRequest
from ..weights import Weight, rounded
from .attention import FP32, Heads, attend, partly_rotary, prefixed, repeat, rotary, spread
from .graph import Gradients, Run, Value, fresh, record
from .memory import Kind, Storage
from .norms import gemma_norm, layer_norm, leafed, rms_norm
from .operations import cast

if TYPE_CHECKING:
    from ....knowledge.stack import Stack
    from ..storage import Placement


class Method(Protocol):
    """What a fine-tuning method changes in a block."""

    @property
    def prefix_tokens(self) -> int:
        """Keys and values that it puts before every layer's own."""

    def trains(self, weight: Weight) -> bool:
        """Whether a base weight gets a gradient."""

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return a linear layer's output, the method's additions included."""

    def after(self, modules: Modules, place: str, x: Value) -> Value:
        """Return a sub-layer's output, changed where the method puts something behind it."""


class Modules:
    """Give a block's forward pass its layers by name.

    Attributes:
        run: The shadow step.
        weights: The block's weights by name.
        sequences: Sequences in the batch.
        attention: Which attention computes.
        item: Bytes per number in which the model computes without autocast.
        scores: Eager attention's weights, which a layer's forward pass holds until it returns.
        angle_item: Precision of the rotary angles, that of the residual stream.
    """

    def __init__(
        self,
        run: Run,
        weights: tuple[Weight, ...],
        placement: Placement,
        method: Method,
        request: EstimateRequest,
        stack: Stack,
    ) -> None:
        self.run, self.placement, self.method, self.stack = run, placement, method, stack
        self.weights = {weight.name: weight for weight in weights}
        self.sequences, self.attention = request.batch, request.attention
        self.item = BITS[request.dtype]
        self.angle_item = placement.outer_item
        self.scores: Value | None = None

    def linear(self, name: str, x: Value) -> Value:
        """Return ``x`` through a linear layer."""
        return self.method.linear(self, self.weights[name], x)

    def after(self, place: str, x: Value) -> Value:
        """Return a sub-layer's output through whatever the method adds behind it."""
        return self.method.after(self, place, x)

    def base(self, weight: Weight, x: Value) -> Value:
        """Return ``x`` through a linear layer of the base model."""
        if self.placement.quantises(weight):
            return self._packed(weight, x)
        bias = self.weights.get(f"{weight.name}.bias")
        trained = self.method.trains(weight)
        return linear(
            x,
            weight.shape[0],
            self.placement.item_of(weight),
            weight if trained else None,
            bias if bias and self.method.trains(bias) else None,
        )

    def rms_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through an RMSNorm."""
        weight = self.weights[name]
        return rms_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def gemma_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through Gemma's RMSNorm."""
        weight = self.weights[name]
        return gemma_norm(x, self.placement.item_of(weight), self.method.trains(weight))

    def layer_norm(self, name: str, x: Value) -> Value:
        """Return ``x`` through a LayerNorm."""
        weight = self.weights[name]
        return layer_norm(x, self.placement.item_of(weight), self.method.trains(weight), self.run.amp_item > 0)

    def rotary(self, x: Value, share: float = 1.0) -> Value:
        """Return queries or keys turned by their positions, or a share of every head turned and the rest as it was."""
        return rotary(x, self.angle_item) if share == 1 else partly_rotary(x, self.angle_item, share)

    def positions(self, x: Value) -> Value:
        """Return the learned embeddings of one sequence's positions, spread over the batch."""
        return spread(self.run, x, self.sequences)

    def spread(self, x: Value, times: int) -> Value:
        """Return a frozen tensor like ``x`` of which only one in ``times`` rows is stored."""
        return spread(self.run, x, times)

    def attend(
        self,
        query: Value,
        key: Value,
        value: Value,
        heads: Heads,
        limit: Callable[[Value], Value] | None = None,
    ) -> Value:
        """Return the attention's output; ``limit`` is applied to written-out scores."""
        if self.method.prefix_tokens:
            key, value = (prefixed(x, heads.batch * self.method.prefix_tokens) for x in (key, value))
        half = self.run.amp_item or (self.item if self.attention == "flash" else max(query.item, self.item))
        # a prefix needs a mask, and with one SDPA does not take fewer key than query heads
        if self.attention == "sdpa" and (self.method.prefix_tokens or not self.stack.groups_heads):
            key, value = repeat(key, heads), repeat(value, heads)
            heads = replace(heads, keys=heads.queries)
        output, self.scores = attend(query, key, value, heads, self.attention, half, limit)
        return output

    def _packed(self, weight: Weight, x: Value) -> Value:
        """Unpack the weight to 16 bits for the product, forward and again backward.

        Source: bitsandbytes ``MatMul4Bit``; ``Linear4bit.forward`` casts to the compute type and back.
        """
        run, item, rows = self.run, self.run.amp_item or self.item, x.rows
        inner = x.item
        x = cast(x, item)
        needed, size, nested = x.node is not None, x.size, self.placement.quant.endswith("-dq")

        def back(gradient: Storage) -> Gradients:
            unpacked = unpack(run, weight, item, nested)
            result = run.new(size) if needed else None
            del unpacked
            return (result,)

        unpacked = unpack(run, weight, item, nested)
        output = fresh(run, rows, weight.shape[0], item)
        del unpacked
        return cast(record(output, (x,), (), back), inner)


def unpack(run: Run, weight: Weight, item: int, nested: bool) -> Storage:
    """Return a 4-bit weight written out; its scales live while that happens."""
    scales = run.new(weight.elements // 64 * FP32) if nested else None
    unpacked = run.new(weight.elements * item, Kind.TEMPORARY)
    del scales
    return unpacked


def linear(x: Value, width: int, item: int, trained: Weight | None, bias: Weight | None = None) -> Value:
    """Return ``x`` through a linear layer.

    Args:
        x: The input, saved when the weight is trained.
        width: Numbers per row of the output.
        item: Bytes per number of the weight.
        trained: The weight when it gets a gradient.
        bias: The bias when it gets a gradient.

    Source: PyTorch ``MmBackward0``/``AddmmBackward0``; autocast's lower-precision cast of input and weight.
    """
    run = x.run
    compute = run.amp_item or item
    x = cast(x, compute)
    narrow = _cast_weight(run, x.width * width, item, compute, trained)
    needed, size, compute_bytes = x.node is not None, x.size, x.width * width * compute
    weight_bytes = x.width * width * item

    def back(gradient: Storage) -> Gradients:
        result = run.new(size) if needed else None
        if trained is not None:
            _collect(run, compute_bytes, weight_bytes)
        if bias is not None:
            run.parameter_gradient(width * item)
        return (result,)

    output = fresh(run, x.rows, width, compute)
    if trained is None and bias is None:
        return record(output, (x,), tuple(filter(None, (narrow,))), back)
    kept = (narrow, x.storage if trained is not None else None)
    return record(output, (leafed(x),), tuple(filter(None, kept)), back)


def _cast_weight(run: Run, elements: int, item: int, compute: int, trained: Weight | None) -> Storage | None:
    if item == compute:
        return None
    narrow = run.new(elements * compute)
    if trained is not None:
        run.casts[object()] = narrow
    return narrow


def _collect(run: Run, computed: int, kept: int) -> None:
    if rounded(computed) == rounded(kept):
        run.parameter_gradient(kept)
        return
    narrow = run.new(computed)
    run.parameter_gradient(kept)
    del narrow
