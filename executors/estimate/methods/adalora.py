"""AdaLoRA: LoRA with a vector of singular values that is pruned while training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..shadow.graph import Value
from ..shadow.operations import add, cast, dropout, scale
from ..shadow.products import linear
from ..weights import Architecture, Weight
from .lora import Lora
from .method import Added
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
        kept = result.item
        x = dropout(cast(x, self.item), self.request.dropout)
        down = Weight(f"{weight.name}.A", (self.request.rank, weight.shape[1]), "linear")
        up = Weight(f"{weight.name}.B", (weight.shape[0], self.request.rank), "linear")
        update = linear(linear(x, self.request.rank, self.item, down), weight.shape[0], self.item, up)
        return cast(add(result, scale(scale(update))), kept)


METHOD = AdaLora
