"""Mixtures of experts: every token visits a few of many feed-forward layers.

Tokens are taken to spread evenly over the experts, or one expert to get twice its share. Grouped products compute all
experts' rows together, so that only experts computed one by one need more when tokens crowd.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..weights import Weight
from .graph import Gradients, Value, fresh, record
from .memory import Kind, Storage
from .norms import leafed
from .operations import activation, cast, multiply, split

if TYPE_CHECKING:
    from .modules import Modules

FP32, INT64 = 4, 8


@dataclass(frozen=True, slots=True)
class Routing:
    """Describe a mixture: how many experts there are, how many each token visits, and how wide they are.

    Attributes:
        crowding: How many times its even share of the tokens the busiest expert gets.
    """

    experts: int
    chosen: int
    inner: int
    crowding: float = 1.0

    def rows(self, tokens: int) -> list[int]:
        """Return the tokens of every expert, the busiest one's last: its forward pass comes on top of the others'."""
        visits, share = tokens * self.chosen, -(-tokens * self.chosen // self.experts)
        if self.experts == 1 or self.crowding == 1:
            return [share] * self.experts
        most = min(tokens, int(share * self.crowding))
        return [(visits - most) // (self.experts - 1)] * (self.experts - 1) + [most]


def looped(modules: Modules, x: Value, routing: Routing) -> Value:
    """Return the experts' sum, computed one expert after the other.

    Source: transformers 4 ``MixtralSparseMoeBlock.forward``.
    """
    run = x.run
    logits = modules.linear("gate", x)
    chances = cast(logits, FP32)
    chosen = fresh(run, x.rows, routing.chosen, FP32 + INT64)
    mask = run.new(x.rows * routing.chosen * routing.experts * INT64)
    total = fresh(run, x.rows, x.width, x.item)
    for number, rows in enumerate(routing.rows(x.rows)):
        where = run.new(2 * rows * INT64)
        state = _rows_of(x, rows)
        inner = multiply(
            activation(modules.linear(f"experts.{number}.w1", state)), modules.linear(f"experts.{number}.w3", state)
        )
        state = _weighted(modules.linear(f"experts.{number}.w2", inner))
        del inner
        total = _added(total, cast(state, x.item), (where,))
    del logits, chances, chosen, mask
    return total


def listed(modules: Modules, x: Value, routing: Routing) -> Value:
    """Return the experts' sum, whose rows are sorted by expert, multiplied one expert after the other, and joined.

    Source: transformers 4 ``GraniteMoeMoE.forward``, ``GraniteMoeTopKGating``, ``GraniteMoeParallelExperts``.
    """
    run, rows = x.run, x.rows * routing.chosen
    logits = cast(modules.linear("router.layer", x), FP32)
    chosen = fresh(run, x.rows, routing.chosen, FP32 + INT64)
    zeros, gates = (run.new(x.rows * routing.experts * x.item) for _ in range(2))
    counted = run.new(x.rows * routing.experts * INT64)
    del zeros, counted
    order = [run.new(rows * INT64) for _ in range(2)]
    state = _joined_product(modules, "input_linear", _rows_of(x, rows), 2 * routing.inner)
    gate, up = split(state, (routing.inner, routing.inner))
    del state
    inner = multiply(activation(gate), up)
    del gate, up
    output = _weighted(_joined_product(modules, "output_linear", inner, x.width))
    del inner
    empty = run.new(x.size)
    total = _summed(output, x.rows)
    del empty, logits, chosen, gates, order
    return cast(total, x.item)


def grouped(modules: Modules, x: Value, routing: Routing) -> Value:
    """Return the experts' sum, computed by one grouped product for all experts.

    Source: transformers 5 ``integrations/moe.py``, ``grouped_mm_experts_forward``.
    """
    rows = x.rows * routing.chosen
    indices = x.run.new(rows * INT64)
    state = _rows_of(x, rows)
    gate_up = _product(modules, "experts.gate_up_proj", state, 2 * routing.inner)
    del state
    gate, up = split(gate_up, (routing.inner, routing.inner))
    del gate_up
    inner = multiply(activation(gate), up)
    del gate, up
    output = _weighted(_product(modules, "experts.down_proj", inner, x.width))
    del inner
    output = _rows_of(output, rows)
    summed = _summed(output, x.rows)
    del indices
    return cast(summed, x.item)


def _rows_of(x: Value, rows: int) -> Value:
    """Return chosen rows; the gradient is a tensor as large as ``x`` with the others zero."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, rows, x.width, x.item), (x,), (run.new(rows * INT64),), back)


def _weighted(x: Value) -> Value:
    """Return ``x`` times its routing weight per row; ``x`` is saved for the router's gradient."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        result, product = run.new(size), run.new(size)
        del product
        return (result,)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (x.storage,), back)


def _added(total: Value, part: Value, indices: tuple[Storage, ...]) -> Value:
    """Return ``total`` with rows of ``part`` added in place."""
    run, size = part.run, part.size

    def back(gradient: Storage) -> Gradients:
        return (gradient, run.new(size))

    return record(
        Value(run, total.storage, total.rows, total.width, total.item, total.node), (total, part), indices, back
    )


def _summed(x: Value, rows: int) -> Value:
    """Return the sum over each token's experts; the gradient is a view."""

    def back(gradient: Storage) -> Gradients:
        return (gradient,)

    return record(fresh(x.run, rows, x.width, x.item), (x,), (), back)


def _product(modules: Modules, name: str, x: Value, width: int) -> Value:
    """Return every row times its expert's matrix."""
    weight: Weight = modules.weights[name]
    run, size, item = x.run, x.size, modules.placement.item_of(weight)
    trained, needed = modules.method.trains(weight), x.node is not None
    compute = run.amp_item or item
    narrow = run.new(weight.elements * compute, Kind.TEMPORARY) if compute != item else None
    x = cast(x, compute)

    def back(gradient: Storage) -> Gradients:
        result = run.new(size) if needed else None
        if trained:
            run.parameter_gradient(weight.elements * item)
        return (result,)

    saved = (*((x.storage,) if trained else ()), *((narrow,) if narrow else ()))
    return record(fresh(run, x.rows, width, compute), (leafed(x) if trained else x,), saved, back)


def _joined_product(modules: Modules, name: str, x: Value, width: int) -> Value:
    """Return every row times its expert's matrix: products one by one, whose list lives until they are joined.

    Each expert's matrix is a view; its gradient comes as large as all of them, and is added to the others'.

    Source: PyTorch ``derivatives.yaml``, ``select_backward``, ``split_with_sizes_backward``.
    """
    weight: Weight = modules.weights[name]
    run, size, item = x.run, x.size, modules.placement.item_of(weight)
    trained, needed = modules.method.trains(weight), x.node is not None
    compute = run.amp_item or item
    narrow = run.new(weight.elements * compute, Kind.TEMPORARY) if compute != item else None
    x = cast(x, compute)

    def back(gradient: Storage) -> Gradients:
        pieces = run.new(size) if needed else None
        if trained:
            one = run.new(weight.elements * item, Kind.TEMPORARY)
            run.parameter_gradient(weight.elements * item)
            del one
        result = run.new(size) if needed else None
        del pieces
        return (result,)

    products = run.new(x.rows * width * compute)
    output = fresh(run, x.rows, width, compute)
    del products
    saved = (*((x.storage,) if trained else ()), *((narrow,) if narrow else ()))
    return record(output, (leafed(x) if trained else x,), saved, back)
