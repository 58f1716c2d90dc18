"""Convolutions."""

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


def batch_norm(x: Value, weight_item: int, *, trained: bool) -> Value:
    """Return ``x`` normed over the batch; the input and two numbers per channel are saved.

    Args:
        x: One row per position, one column per channel.
        weight_item: Bytes per number of the weight and the bias.
        trained: Whether they get gradients.

    Source: PyTorch ``tools/autograd/derivatives.yaml``, ``native_batch_norm``.
    """
    run, size, width = x.run, x.size, x.width
    moments = run.new(width * FP32), run.new(width * FP32)

    def back(gradient: Storage) -> Gradients:
        result = run.new(size)
        for _ in range(2 * trained):
            run.parameter_gradient(width * weight_item)
        return (result,)

    output = fresh(run, x.rows, width, x.item)
    return record(output, (leafed(x) if trained else x,), (x.storage, *moments), back)


def max_pool(x: Value, rows: int) -> Value:
    """Return the largest of neighbouring rows, ``rows`` in all; their places and the input are saved."""
    run, size = x.run, x.size
    places = run.new(rows * x.width * INT64)

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, rows, x.width, x.item), (x,), (x.storage, places), back)


def mean_of_rows(x: Value, rows: int) -> Value:
    """Return the mean over each example's positions; the gradient is written out for all of them."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, rows, x.width, x.item), (x,), (), back)
