"""Products with packed weights: what is unpacked when, and what is kept for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..request import BITS, Dtype
from ..weights import Weight
from .graph import Gradients, Run, Value, fresh, record
from .memory import Kind, Storage
from .operations import cast

if TYPE_CHECKING:
    from ..storage import Placement

FP32, FP16, INT32, INT8 = 4, 2, 4, 1


def packed(
    run: Run, weight: Weight, x: Value, placement: Placement, dtype: Dtype, *, saves: bool, twice: bool
) -> Value:
    """Return ``x`` times a packed, frozen weight.

    Args:
        run: The shadow step.
        weight: The weight.
        x: The input.
        placement: How weights are kept.
        dtype: In what the model computes without autocast.
        saves: Whether 4-bit products keep their input for the backward pass.
        twice: Whether 4-bit weights are written out in another type first.
    """
    if placement.quant == "int8":
        return _eight_bit(run, weight, x, dtype == "fp16")
    item = BITS[dtype]
    if placement.quant == "gptq":
        return _grouped(run, weight, x, run.amp_item or item)
    nested = placement.quant.endswith("-dq")
    return _four_bit(run, weight, x, run.amp_item or item, nested=nested, saves=saves, twice=twice)


def _four_bit(run: Run, weight: Weight, x: Value, item: int, *, nested: bool, saves: bool, twice: bool) -> Value:
    """Unpack the weight to 16 bits for the product, forward and again backward.

    Source: bitsandbytes ``MatMul4Bit``; ``Linear4bit.forward`` casts to the compute type and back.
    """
    inner = x.item
    x = cast(x, item)
    needed, size = x.node is not None, x.size

    def back(gradient: Storage) -> Gradients:
        unpacked = unpack(run, weight, item, nested, twice)
        result = run.new(size) if needed else None
        del unpacked
        return (result,)

    unpacked = unpack(run, weight, item, nested, twice)
    output = fresh(run, x.rows, weight.shape[0], item)
    del unpacked
    if saves and (needed or run.pins):
        run.pinned.append(x.storage)
    return cast(record(output, (x,), (), back), inner)


def _eight_bit(run: Run, weight: Weight, x: Value, takes_half: bool) -> Value:
    """Round the input to int8 for the product, and unpack the weight for the backward pass only.

    Autocast does not reach the product, so that the result has the input's precision. The input is kept as an
    attribute of the operation, from where neither checkpoints nor the backward pass remove it. Outlier columns are
    taken for few. The product computes in float16; ``takes_half`` says that 16-bit numbers are that, others are copied.

    Source: bitsandbytes ``MatMul8bitLt``; ``backends/cuda/ops.py``, ``int8_vectorwise_quant``, ``int8_mm_dequant``.
    """
    item, size, needed = x.item, x.size, x.node is not None
    half_already = takes_half and item == FP16
    _round(run, x, half_already)
    narrow = run.new(x.numbers * INT8), run.new(x.rows * FP32)
    wide = run.new(x.rows * weight.shape[0] * INT32)
    half = run.new(x.rows * weight.shape[0] * FP16)
    output = Value(run, half, x.rows, weight.shape[0], item) if half_already else None
    output = output or fresh(run, x.rows, weight.shape[0], item)
    del narrow, wide, half

    def back(gradient: Storage) -> Gradients:
        unpacked = run.new(weight.elements * item, Kind.TEMPORARY)
        result = run.new(size) if needed else None
        del unpacked
        return (result,)

    if needed or run.pins:
        run.pinned.append(x.storage)
    return record(output, (x,), (), back)


def _round(run: Run, x: Value, half_already: bool) -> None:
    """Find the outliers of an input and round it; what that takes is gone when it is done."""
    half = run.new(x.numbers * FP16) if not half_already else None
    sizes = run.new(x.numbers * FP16)
    outliers = run.new(x.numbers * INT8)
    del sizes
    narrow = run.new(x.numbers * INT8)
    del half, outliers, narrow


def _grouped(run: Run, weight: Weight, x: Value, item: int) -> Value:
    """Unpack the weight with plain operations, so that the product keeps it for the backward pass.

    Source: gptqmodel ``TorchQuantLinear._forward``, which is also what its Triton layers run in training; unpacking is
    compiled to one kernel.
    """
    inner = x.item
    x = cast(x, item)
    needed, size = x.node is not None, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size) if needed else None,)

    unpacked = run.new(weight.elements * item, Kind.TEMPORARY)
    output = fresh(run, x.rows, weight.shape[0], item)
    return cast(record(output, (x,), (unpacked,), back), inner)


def unpack(run: Run, weight: Weight, item: int, nested: bool, twice: bool) -> Storage:
    """Return a 4-bit weight written out, ``twice`` when in another type first; its scales live while that happens."""
    scales = run.new(weight.elements // 64 * FP32) if nested else None
    unpacked = run.new(weight.elements * item, Kind.TEMPORARY)
    del scales
    return run.new(unpacked.size, Kind.TEMPORARY) if twice else unpacked
