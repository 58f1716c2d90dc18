"""Bottleneck adapters: a narrow network in series behind attention and behind the feed-forward layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..shadow.graph import Value
from ..shadow.operations import activation, add, cast
from ..shadow.products import linear
from ..weights import Architecture, Weight
from .method import Added, FineTuning

if TYPE_CHECKING:
    from ..shadow.modules import Modules

PLACES = ("attention", "feed_forward")
CROSS = "cross_attention"
"""A decoder that reads an encoder has one more attention, and one more adapter behind it."""


class Adapter(FineTuning):
    """Put a bottleneck behind every attention and feed-forward layer.

    Source: arXiv 1902.00751, section 2.1 and figure 2.
    """

    def added(self, architecture: Architecture) -> Iterator[Added]:
        """Yield both layers of every bottleneck, with biases."""
        width, hidden = self.request.bottleneck, architecture.hidden
        counts = dict.fromkeys(PLACES, architecture.layers)
        if architecture.decodes:
            counts[CROSS] = architecture.blocks[-1].count
        for place, count in counts.items():
            for name, shape in (("down", (width, hidden)), ("up", (hidden, width))):
                yield Added(f"{place}.{name}", shape, count)
                yield Added(f"{place}.{name}.bias", shape[:1], count)

    def after(self, modules: Modules, place: str, x: Value) -> Value:
        """Return the sub-layer's output with the bottleneck's added."""
        if place not in {*PLACES, CROSS}:
            return x
        width, hidden = self.request.bottleneck, x.width
        down = Weight(f"{place}.down", (width, hidden), "linear")
        up = Weight(f"{place}.up", (hidden, width), "linear")
        down_bias, up_bias = (Weight(f"{place}.bias", (size,), "other") for size in (width, hidden))
        inner = linear(x if modules.run.amp_item else cast(x, self.item), width, self.item, down, down_bias)
        inner = linear(activation(inner), hidden, self.item, up, up_bias)
        return cast(add(x, inner), x.item)


METHOD = Adapter
