"""A cache whose keys and values are packed: what one layer keeps, and what writing to it needs beside that."""

from .request import CacheQuant

BITS_OF: dict[CacheQuant, int] = {"fp8": 8, "int4": 4, "int2": 2}
GROUP, RESIDUAL = 64, 128
"""Numbers that share a scale and a shift, and tokens that are packed together; those since the last time are not.

Source: transformers ``cache_utils.py``, ``QuantizedLayer``: ``q_group_size``, ``residual_length``.
"""
FLOAT32 = 4


def packed_bytes(kind: CacheQuant, numbers: int, item: int) -> int:
    """Return the bytes of packed keys of one layer; its values take as many.

    Args:
        kind: How they are packed.
        numbers: Numbers in the keys.
        item: Bytes per number before they are packed.

    Source: ``Fp8QuantizedLayer``, one scale per tensor; optimum-quanto ``tensor/weights/qbits.py``, a scale and a shift
    per group in the keys' own precision.
    """
    if kind == "none":
        return numbers * item
    constants = 0 if kind == "fp8" else 2 * item * -(-numbers // GROUP)
    return -(-numbers * BITS_OF[kind] // 8) + constants


def residual_tokens(kind: CacheQuant, new_tokens: int) -> int:
    """Return how many of the newest tokens are not packed at most."""
    return min(new_tokens, RESIDUAL - 1) if kind in {"int4", "int2"} else 0


def packing_bytes(kind: CacheQuant, numbers: int, item: int) -> int:
    """Return what packing one layer's keys needs beside them while the prompt is read.

    Source: ``Fp8QuantizedLayer._quantize`` divides a float32 copy; optimum-quanto ``library/quantize.py``,
    ``quantize_affine``, adds, divides and rounds.
    """
    if kind == "none":
        return 0
    return numbers * (2 * FLOAT32 if kind == "fp8" else 2 * item)


def writing_bytes(kind: CacheQuant, numbers: int, item: int) -> int:
    """Return what one layer needs beside its packed cache while a token is written.

    A packed layer hands its whole keys and values out unpacked. FP8 joins first, beside which the old ones live, and
    unpacks through two float32 copies. The others unpack, join, and from time to time pack what they have joined.

    Args:
        kind: How keys and values are packed.
        numbers: Numbers in a layer's keys.
        item: Bytes per number before they are packed.

    Source: transformers ``cache_utils.py``: ``DynamicLayer.update``, ``Fp8QuantizedLayer.update``,
    ``QuantizedLayer.update``.
    """
    if kind == "none":  # a concatenation, beside which the old keys live
        return numbers * item
    if kind == "fp8":
        return numbers * (2 + item + 2 * FLOAT32)
    return numbers * 4 * item + packing_bytes(kind, numbers, item)
