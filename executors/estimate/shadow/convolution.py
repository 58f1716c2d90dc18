"""Convolutions."""

from ..weights import Weight
from .graph import Gradients, Value, fresh, record
from .memory import Storage
from .norms import leafed
from .operations import cast
from .products import cast_weight, collect_gradient


def convolve(x: Value, rows: int, weight: Weight, item: int, *, trained: bool, biased: bool) -> Value:
    """Return ``x`` convolved; input and weight are saved together, whichever of them needs a gradient.

    Args:
        x: One row per position, one column per channel.
        rows: Positions of the output, over all examples.
        weight: The kernel, (out, in, ...).
        item: Bytes per number of the kernel.
        trained: Whether the kernel gets a gradient.
        biased: Whether a bias gets one.

    Source: PyTorch ``tools/autograd/derivatives.yaml``, ``convolution``.
    """
    run, width = x.run, weight.shape[0]
    compute = run.amp_item or item
    x = cast(x, compute)
    narrow = cast_weight(run, weight.elements, item, compute, weight if trained else None)
    needed, size = x.node is not None, x.size

    def back(gradient: Storage) -> Gradients:
        result = run.new(size) if needed else None
        if trained:
            collect_gradient(run, weight.elements * compute, weight.elements * item)
        if biased:
            run.parameter_gradient(width * item)
        return (result,)

    output = fresh(run, rows, width, compute)
    saved = tuple(filter(None, (x.storage, narrow)))
    return record(output, (leafed(x) if trained or biased else x,), saved, back)
