"""Elementwise operations, their saved tensors and their gradients.

Source: PyTorch ``tools/autograd/derivatives.yaml`` and ``torch/csrc/autograd/FunctionsManual.cpp``.
"""

from .graph import Gradients, Value, fresh, record
from .memory import Storage


def cast(x: Value, item: int) -> Value:
    """Return ``x`` in another precision; the same tensor when it has it already."""
    if x.item == item:
        return x
    size, run = x.size, x.run

    def back(gradient: Storage) -> Gradients:
        return (run.new(size, gradient.kind),)

    return record(fresh(run, x.rows, x.width, item, x.storage.kind), (x,), (), back)


def add(a: Value, b: Value, *, in_place: bool = False) -> Value:
    """Return ``a + b``; the gradient passes to both without a copy unless precision differs.

    Args:
        a: One tensor.
        b: The other.
        in_place: Whether ``a`` takes the sum.
    """
    run, item = a.run, max(a.item, b.item)
    sizes = tuple(None if x.item == item else x.size for x in (a, b))

    def back(gradient: Storage) -> Gradients:
        return tuple(gradient if size is None else run.new(size) for size in sizes)

    output = Value(run, a.storage, a.rows, a.width, item) if in_place else fresh(run, a.rows, a.width, item)
    return record(output, (a, b), (), back)


def multiply(a: Value, b: Value) -> Value:
    """Return ``a * b``, elementwise and of one shape; each factor is saved for the other's gradient."""
    run, item = a.run, max(a.item, b.item)
    needs = (a.node is not None, b.node is not None)
    sizes = (a.size, b.size)
    saved = (*([b.storage] if needs[0] else []), *([a.storage] if needs[1] else []))

    def back(gradient: Storage) -> Gradients:
        return tuple(run.new(size) if need else None for need, size in zip(needs, sizes, strict=True))

    return record(fresh(run, a.rows, a.width, item), (a, b), saved, back)


def scale(x: Value, item: int = 0) -> Value:
    """Return ``x`` times a constant or a small frozen tensor; nothing large is saved.

    Args:
        x: The tensor.
        item: Bytes per number of the constant tensor; 0 for a plain number.
    """
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, x.width, max(x.item, item), x.storage.kind), (x,), (), back)


def activation(x: Value) -> Value:
    """Return a one-kernel activation such as SiLU or GELU; its input is saved (ReLU: its output, of the same size)."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (x.storage,), back)


def rectified(x: Value) -> Value:
    """Return ReLU of ``x``; its output is saved, so that its input may go."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    output = fresh(run, x.rows, x.width, x.item)
    return record(output, (x,), (output.storage,), back)


def copy(x: Value) -> Value:
    """Return a clone or a contiguous copy; the gradient passes through."""

    def back(gradient: Storage) -> Gradients:
        return (gradient,)

    return record(fresh(x.run, x.rows, x.width, x.item), (x,), (), back)


def padded(x: Value, width: int) -> Value:
    """Return ``x`` copied into zeros of a larger width; the copy saves ``x``, for its shape.

    Source: litgpt ``LoRAQKVLinear.zero_pad``; PyTorch ``derivatives.yaml``, ``index_copy``.
    """
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    zeros = fresh(run, x.rows, width, x.item)
    output = fresh(run, x.rows, width, x.item)
    del zeros
    return record(output, (x,), (x.storage,), back)


def last_rows(x: Value, rows: int) -> Value:
    """Return some of the rows; a view, whose gradient is as large as the whole."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(Value(run, x.storage, rows, x.width, x.item), (x,), (), back)


def lengthened(x: Value, rows: int) -> Value:
    """Return ``x`` copied behind ``rows`` more rows, such as a class token per image; the gradient is a slice."""

    def back(gradient: Storage) -> Gradients:
        return (gradient,)

    return record(fresh(x.run, x.rows + rows, x.width, x.item), (x,), (), back)


def dropout(x: Value, probability: float) -> Value:
    """Return ``x`` with some numbers zeroed; a mask of one byte per number is saved, on a CPU one of numbers.

    Source: PyTorch ``aten/src/ATen/native/Dropout.cpp``, ``is_fused_kernel_acceptable`` and ``_dropout_impl``.
    """
    if probability == 0:
        return x
    run, size = x.run, x.size
    mask = run.new(size if run.on_cpu else x.numbers)

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (mask,), back)


def split(x: Value, widths: tuple[int, ...]) -> tuple[Value, ...]:
    """Return column ranges of ``x`` as views; the backward pass joins their gradients into a new tensor."""
    return tuple(_parts(x, [(x.rows, width) for width in widths]))


def row_chunks(x: Value, rows: int) -> list[Value]:
    """Return ranges of rows as views; the backward pass joins their gradients into a new tensor."""
    return _parts(x, [(min(rows, x.rows - start), x.width) for start in range(0, x.rows, rows)])


def _parts(x: Value, shapes: list[tuple[int, int]]) -> list[Value]:
    run, size = x.run, x.size
    pieces: list[Storage] = []

    def join(gradient: Storage) -> Gradients:
        joined = run.new(size)
        pieces.clear()
        return (joined,)

    def keep(gradient: Storage) -> Gradients:
        pieces.append(gradient)
        return (run.new(1),)

    whole = record(Value(run, x.storage, x.rows, x.width, x.item), (x,), (), join)
    return [record(Value(run, x.storage, rows, width, x.item), (whole,), (), keep) for rows, width in shapes]


def hyperbolic_tangent(x: Value) -> Value:
    """Return tanh of ``x``; the result is saved."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size, gradient.kind),)

    output = fresh(run, x.rows, x.width, x.item, x.storage.kind)
    return record(output, (x,), (output.storage,), back)


def cube(x: Value) -> Value:
    """Return the third power of ``x``; its gradient needs two temporaries."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        power, scaled = run.new(size), run.new(size)
        result = run.new(size)
        del power, scaled
        return (result,)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (x.storage,), back)


def new_gelu(x: Value) -> Value:
    """Return GELU written out with elementwise operations.

    Source: transformers ``NewGELUActivation``.
    """
    return multiply(scale(x), scale(hyperbolic_tangent(scale(add(x, scale(cube(x)))))))


def softcap(x: Value) -> Value:
    """Return ``x`` limited smoothly: divided, tanh, multiplied."""
    x = scale(x)
    x = hyperbolic_tangent(x)
    return scale(x)
