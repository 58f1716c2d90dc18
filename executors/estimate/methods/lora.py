"""LoRA: two narrow matrices beside each adapted linear layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..shadow.dora import linear_with, merged_weight
from ..shadow.graph import Value
from ..shadow.norms import weigh
from ..shadow.operations import add, cast, copy, dropout, padded, scale
from ..shadow.products import linear
from ..weights import Architecture, Weight
from .method import Added, FineTuning
from .targets import adapted, chosen

if TYPE_CHECKING:
    from ..shadow.modules import Modules


FOUR_BIT = frozenset({"nf4", "nf4-dq", "fp4", "fp4-dq"})
"""bitsandbytes' 4-bit layers, whose output peft copies. Source: peft ``tuners/lora/bnb.py``, ``Linear4bit``."""


class Lora(FineTuning):
    """Add ``B A`` to adapted layers. Source: LoRA, arXiv 2106.09685, equation 3; peft ``tuners/lora/layer.py``."""

    def check(self, architecture: Architecture) -> None:
        """Refuse targets that no layer has."""
        chosen(architecture, self.request.targets)

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield A and B of every adapted layer."""
        rank, half = self.request.rank, self.request.trained_half
        for count, weight in chosen(architecture, self.request.targets):
            outer, inner = sum(weight.parts) or weight.shape[0], weight.shape[1]
            yield Added(f"{weight.name}.A", (_joined(weight) * rank, inner), count, half != "B")
            yield Added(f"{weight.name}.B", (outer, rank), count, half != "A")
            if self.request.variant == "dora":
                yield Added(f"{weight.name}.magnitude", (outer,), count)
        if self.grown_rows:
            tables = 1 if architecture.tied_head or self.request.labels else 2
            yield Added("new_tokens", (self.grown_rows, architecture.outside[0].shape[1]), tables)

    @property
    def grown_rows(self) -> int:
        """Rows of new words' tokens. Source: peft ``tuners/trainable_tokens/layer.py``."""
        return self.request.added_tokens

    def linear(self, modules: Modules, weight: Weight, x: Value) -> Value:
        """Return the base's output plus the adapter's, with peft's casts and copies."""
        result = modules.base(weight, x)
        if not adapted(weight, self.request.targets):
            return result
        kept, quant = result.item, modules.placement.quant if modules.placement.quantises(weight) else "none"
        if quant in FOUR_BIT:
            result = copy(result)
        if not (quant in FOUR_BIT | {"int8"} and modules.run.amp_item):  # these leave the cast to autocast
            x = cast(x, self.item)
        update = self._dora if self.request.variant == "dora" else self._plain
        return cast(add(result, update(modules, weight, x, result)), kept)

    def _plain(self, modules: Modules, weight: Weight, x: Value, result: Value) -> Value:
        update = self._serial(weight, dropout(x, self.request.dropout))
        return scale(padded(update, weight.shape[0]) if weight.parts else update)

    def _dora(self, modules: Modules, weight: Weight, x: Value, result: Value) -> Value:
        """Return DoRA's update, which needs the merged weight's norms in every pass.

        Source: peft ``DoraLinearLayer.forward``.
        """
        x = dropout(x, self.request.dropout)
        merged = merged_weight(modules.run, weight, self.item, x.item, modules.placement.quantises(weight))
        serial = self._serial(weight, x)
        base = linear_with(x, weight.shape[0], merged[0]) if self.request.dropout else result
        update = add(weigh(base, self.item, True), scale(weigh(serial, self.item, True)))
        del merged
        return update

    def _serial(self, weight: Weight, x: Value) -> Value:
        rank = _joined(weight) * self.request.rank
        down = Weight(f"{weight.name}.A", (rank, weight.shape[1]), "linear")
        outer = sum(weight.parts) or weight.shape[0]
        up = Weight(f"{weight.name}.B", (outer, rank), "linear")
        half = self.request.trained_half
        narrow = linear(x, rank, self.item, down if half != "B" else None)
        return linear(narrow, outer, self.item, up if half != "A" else None)


def _joined(weight: Weight) -> int:
    """Return how many adapters a layer has side by side. Source: litgpt ``LoRAQKVLinear``."""
    return len(weight.parts) or (3 if weight.name == "attn.qkv" else 1)


METHOD = Lora
