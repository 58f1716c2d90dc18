"""DoRA's extra work: the norm of every merged weight, and a base product of its own when inputs are dropped."""

from ..weights import Weight
from .graph import Gradients, Run, Value, fresh, record
from .memory import Kind, Storage


def merged_weight(run: Run, weight: Weight, adapter_item: int, item: int, packed: bool) -> list[Storage | None]:
    """Compute the norms of ``W + B A``, and return what lives on meanwhile: the copy of ``W`` first, if one was made.

    Args:
        run: The shadow step.
        weight: The base weight.
        adapter_item: Bytes per number of A and B.
        item: Bytes per number of the input, to which everything is cast.
        packed: Whether the base weight had to be unpacked first.

    Source: peft ``DoraLinearLayer.get_lora_weight`` (a product with the identity) and ``get_weight_norm``.
    """
    elements, inner = weight.elements, weight.shape[1]
    identity = run.new(inner * inner * adapter_item, Kind.TEMPORARY)
    narrow = run.amp_item or adapter_item
    if narrow != adapter_item:
        identity = run.new(inner * inner * narrow, Kind.TEMPORARY)
    update = run.new(elements * narrow, Kind.TEMPORARY)
    kept = identity if run.recording else None  # by the product's graph, in the precision of the product
    del identity
    if narrow != item:
        update = run.new(elements * item, Kind.TEMPORARY)
    copied = run.new(elements * item, Kind.TEMPORARY) if packed or item != (run.amp_item or item) else None
    scaled = run.new(elements * item, Kind.TEMPORARY)
    merged = run.new(elements * item, Kind.TEMPORARY)
    del scaled, merged
    return [copied, update, kept]


def linear_with(x: Value, width: int, copied: Storage | None) -> Value:
    """Return ``x`` times a frozen weight; a copy of the weight lives on for the backward pass."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, width, x.item), (x,), (copied,) if copied else (), back)
