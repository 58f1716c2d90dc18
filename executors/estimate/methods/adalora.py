"""AdaLoRA: LoRA with a vector of singular values that is pruned while training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..shadow.graph import Gradients, Value, fresh, record
from ..shadow.memory import Storage
from ..shadow.operations import cast, dropout, scale
from ..shadow.products import linear
from ..weights import Architecture, Weight
from .lora import Lora
from .method import FP32, Added
from .targets import adapted, chosen

if TYPE_CHECKING:
    from ..shadow.modules import Modules


class AdaLora(Lora):
    """Add ``B diag(E) A`` at the rank that training starts with.

    Source: arXiv 2303.10512, equation 3; peft ``tuners/adalora/layer.py``.
    """

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield A, B and E of every adapted layer."""
        yield from super().added(architecture)
        for count, weight in chosen(architecture, self.request.targets):
            yield Added(f"{weight.name}.E", (self.request.rank, 1), count)

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return the base's output with the adapter's added to it."""
        result = modules.base(weight, x)
        if not adapted(weight, self.request.targets):
            return result
        x = dropout(cast(x, self.item), self.request.dropout)
        down = Weight(f"{weight.name}.A", (self.request.rank, weight.shape[1]), "linear")
        up = Weight(f"{weight.name}.B", (weight.shape[0], self.request.rank), "linear")
        update = linear(linear(x, self.request.rank, self.item, down), weight.shape[0], self.item, up)
        return _added_in_place(result, _divided(scale(update)))


def _divided(x: Value) -> Value:
    """Return ``x`` over a trained float32 number: the result is in float32 too, and the divisor's gradient is dear.

    Source: peft ``ranknum``; PyTorch ``div_tensor_other_backward``.
    """
    run, size, wide = x.run, x.size, x.numbers * FP32

    def back(gradient: Storage) -> Gradients:
        result = run.new(wide)
        negative, once = run.new(wide), run.new(wide)
        twice = run.new(wide)
        del once
        product = run.new(wide)
        del negative, twice, product
        return (run.new(size) if size != wide else result,)

    return record(fresh(run, x.rows, x.width, FP32), (x,), (x.storage,), back)


def _added_in_place(result: Value, update: Value) -> Value:
    """Return ``result`` with the update added into its own memory."""
    run, size = result.run, update.size

    def back(gradient: Storage) -> Gradients:
        return (gradient, run.new(size))

    return record(Value(run, result.storage, result.rows, result.width, result.item), (result, update), (), back)


METHOD = AdaLora
