"""Products with weights: what is saved, the narrow copies of autocast, and the weights' gradients."""

from __future__ import annotations

from ..weights import Weight, rounded
from .graph import Gradients, Run, Value, fresh, record
from .memory import Storage
from .norms import leafed
from .operations import cast


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
    narrow = cast_weight(run, x.width * width, item, compute, trained)
    needed, size, compute_bytes = x.node is not None, x.size, x.width * width * compute
    weight_bytes = x.width * width * item

    def back(gradient: Storage) -> Gradients:
        result = run.new(size) if needed else None
        if result is not None:
            result.viewed = True  # rows of all sequences are flattened for the product
        if trained is not None:
            collect_gradient(run, compute_bytes, weight_bytes)
        if bias is not None:
            run.parameter_gradient(width * item)
        return (result,)

    output = fresh(run, x.rows, width, compute)
    if trained is None and bias is None:
        return record(output, (x,), tuple(filter(None, (narrow,))), back)
    kept = (narrow, x.storage if trained is not None else None)
    return record(output, (leafed(x),), tuple(filter(None, kept)), back)


def cast_weight(run: Run, elements: int, item: int, compute: int, trained: Weight | None) -> Storage | None:
    """Return a weight's narrow copy, which autocast keeps for the whole forward pass when the weight is trained."""
    if item == compute:
        return None
    narrow = run.new(elements * compute)
    if trained is not None:
        run.casts[object()] = narrow
    return narrow


def collect_gradient(run: Run, computed: int, kept: int) -> None:
    """Keep a weight's gradient, in the weight's precision."""
    if rounded(computed) == rounded(kept):
        run.parameter_gradient(kept)
        return
    narrow = run.new(computed)
    run.parameter_gradient(kept)
    del narrow
