"""Normalisation layers."""

from .graph import Gradients, Node, Run, Value, fresh, record
from .memory import Storage
from .operations import cast

FP32 = 4


def rms_norm(x: Value, weight_item: int, trained: bool) -> Value:
    """Return RMSNorm written out in eager PyTorch, with its float32 copies.

    Args:
        x: The residual stream.
        weight_item: Bytes per number of the norm's weight.
        trained: Whether the weight gets a gradient.

    Source: transformers ``LlamaRMSNorm.forward``.
    """
    item = x.item
    x = cast(x, FP32)
    x = _times_inverse_root(x)
    return weigh(cast(x, item), weight_item, trained)


def gemma_norm(x: Value, weight_item: int, trained: bool) -> Value:
    """Return Gemma's RMSNorm, which multiplies by ``1 + weight`` in float32 before it narrows.

    Source: transformers ``GemmaRMSNorm.forward``.
    """
    item = x.item
    output = _times_inverse_root(cast(x, FP32))
    output = weigh(output, FP32, trained)
    return cast(output, item)


def t5_norm(x: Value, weight_item: int, trained: bool) -> Value:
    """Return T5's RMSNorm, which takes the mean in float32 and widens the input only by multiplying with it.

    Source: transformers ``T5LayerNorm.forward``.
    """
    inverse = _inverse_root(_mean(_square(cast(x, FP32))))
    output = _times_column(x, inverse)
    if weight_item != FP32:
        output = cast(output, weight_item)
    return weigh(output, weight_item, trained)


def late_norm(x: Value, weight_item: int, trained: bool) -> Value:
    """Return ChatGLM's RMSNorm: T5's, but multiplied by its weight in float32 and narrowed at the end.

    Source: ChatGLM ``modeling_chatglm.py``, ``RMSNorm.forward``, which comes with the weights.
    """
    inverse = _inverse_root(_mean(_square(cast(x, FP32))))
    return cast(weigh(_times_column(x, inverse), weight_item, trained), x.item)


def layer_norm(x: Value, weight_item: int, trained: bool, amp: bool, *, biased: bool = True) -> Value:
    """Return ``nn.LayerNorm``, one kernel that saves its input and two numbers per row.

    Source: PyTorch ``native_layer_norm``; autocast runs it in float32.
    """
    if amp:
        x = cast(x, FP32)
    run, size, width = x.run, x.size, x.width
    moments = run.new(2 * x.rows * FP32)

    def back(gradient: Storage) -> Gradients:
        result = run.new(size)
        for _ in range(trained * (1 + biased)):
            run.parameter_gradient(width * weight_item)
        return (result,)

    output = fresh(run, x.rows, x.width, x.item)
    if not trained:
        return record(output, (x,), (x.storage, moments), back)
    return record(output, (leafed(x),), (x.storage, moments), back)


def weigh(x: Value, weight_item: int, trained: bool) -> Value:
    """Return ``x`` times a weight vector; ``x`` is saved for a trained weight's gradient."""
    run, size, width = x.run, x.size, x.width
    needed = x.node is not None

    def back(gradient: Storage) -> Gradients:
        result = run.new(size) if needed else None
        if trained:
            product = run.new(gradient.size)
            run.parameter_gradient(width * weight_item)
            del product
        return (result,)

    output = fresh(run, x.rows, x.width, max(x.item, weight_item))
    if not trained:
        return record(output, (x,), (), back)
    return record(output, (leafed(x),), (x.storage,), back)


def leafed(x: Value) -> Value:
    """Return ``x`` with a node of its own when it has none, so that a trained weight's operation is recorded."""
    if x.node is not None:
        return x
    return Value(x.run, x.storage, x.rows, x.width, x.item, nowhere(x.run))


def nowhere(run: Run) -> Node:
    """Return a node that drops what arrives."""
    return Node(run.order(), (), [], lambda gradient: ())


def _times_inverse_root(x: Value) -> Value:
    inverse = _inverse_root(_mean(_square(x)))
    return _times_column(x, inverse)


def _square(x: Value) -> Value:
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        power, doubled = run.new(size), run.new(size)
        result = run.new(size)
        del power, doubled
        return (result,)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (x.storage,), back)


def _mean(x: Value) -> Value:
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, 1, x.item), (x,), (), back)


def _inverse_root(x: Value) -> Value:
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    shifted = fresh(run, x.rows, 1, x.item)
    output = fresh(run, x.rows, 1, x.item)
    del shifted
    return record(output, (x,), (output.storage,), back)


def _times_column(x: Value, column: Value) -> Value:
    run, size, column_size, item = x.run, x.size, column.size, max(x.item, column.item)
    needed, wide = x.node is not None, x.numbers * item

    def back(gradient: Storage) -> Gradients:
        result = run.new(wide) if needed else None
        product = run.new(wide)
        summed = run.new(column_size)
        del product
        if needed and wide != size:
            result = run.new(size)
        return (result, summed)

    return record(fresh(run, x.rows, x.width, item), (x, column), (x.storage, column.storage), back)
