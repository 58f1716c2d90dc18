"""Convolutions, and what goes with them: batch normalisation and pooling."""

from ..weights import Weight
from .graph import Gradients, Value, fresh, record
from .memory import Storage
from .norms import leafed
from .operations import cast
from .products import cast_weight, collect_gradient

FP32, INT64 = 4, 8


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


def batch_norm(x: Value, item: int, trained: bool) -> Value:
    """Return ``x`` with every channel normed over the batch; the input and two numbers per channel are saved.

    Source: PyTorch ``native_batch_norm``, whose numbers per channel are float32 for 16-bit inputs.
    """
    run, size, width = x.run, x.size, x.width

    def back(gradient: Storage) -> Gradients:
        result = run.new(size)
        if trained:
            run.parameter_gradient(width * item)
            run.parameter_gradient(width * item)
        return (result,)

    moments = (run.new(width * FP32), run.new(width * FP32))
    output = fresh(run, x.rows, width, x.item)
    return record(output, (leafed(x) if trained else x,), (x.storage, *moments), back)


def max_pool(x: Value, rows: int) -> Value:
    """Return the largest of every window; the input and the places of the largest are saved.

    Source: PyTorch ``max_pool2d_with_indices``.
    """
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    places = run.new(rows * x.width * INT64)
    return record(fresh(run, rows, x.width, x.item), (x,), (x.storage, places), back)


def mean_pool(x: Value, rows: int) -> Value:
    """Return the mean over the positions of each example; the gradient is spread out again."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, rows, x.width, x.item), (x,), (), back)


def added_in_place(x: Value, other: Value) -> Value:
    """Return ``x`` with ``other`` added to it where it lies."""

    def back(gradient: Storage) -> Gradients:
        return (gradient, gradient)

    return record(Value(x.run, x.storage, x.rows, x.width, x.item), (x, other), (), back)
