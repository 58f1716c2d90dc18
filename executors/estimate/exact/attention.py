"""Fused attention as on a GPU: what it keeps for the backward pass, and what that needs beside its results.

PyTorch would take the device's attention through plain matrix products, which write all scores out.
"""

# ruff: noqa: ANN401 - these stand in for functions of PyTorch and transformers that take anything

from typing import Any

from .device import NAME

ROWS = 128
"""Rows to which the backward pass rounds a sequence. Source: flash-attn ``flash_api.cpp``, ``mha_bwd``."""
REGISTERS = 128
"""Largest head whose sums stay in registers. Source: PyTorch ``kernel_backward.h``, ``kOutputInRF``."""
MASK_ALIGN = 16
"""Columns to which a mask is padded. Source: PyTorch ``transformers/attention.cpp``, ``pad_bias``."""

_libraries: list[Any] = []


def install() -> None:
    """Put fused attention in place of PyTorch's, and of flash-attn's, which is then not needed."""
    import torch
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    library = torch.library.Library("aten", "IMPL")
    library.impl("scaled_dot_product_attention", _scaled_dot_product, "AutogradPrivateUse1")
    _libraries.append(library)
    ALL_ATTENTION_FUNCTIONS["flash_attention_2"] = _flash


def _scaled_dot_product(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    *_: Any,
    **options: Any,
) -> Any:
    """Return attention over ``(batch, heads, seq, size)``, laid out in memory as ``(batch, seq, heads, size)``.

    Source: PyTorch ``aten/src/ATen/native/transformers/attention.cpp``, ``scaled_dot_product_attention``.
    """
    mask = options.get("attn_mask", mask)
    if mask is None:
        return _fused()[0].apply(query, key, value)
    return _fused()[1].apply(query, key, value, _padded(mask, query))


def _padded(mask: Any, query: Any) -> Any:
    """Return a boolean mask as numbers, padded where the kernel wants it.

    Source: PyTorch ``attention.cpp``, ``convert_boolean_attn_mask`` and ``preprocess_mask``.
    """
    import torch

    if mask.dtype == torch.bool:
        mask = torch.empty(mask.shape, dtype=query.dtype, device=query.device)
    short = -mask.shape[-1] % MASK_ALIGN
    return torch.nn.functional.pad(mask, (0, short))[..., : mask.shape[-1]] if short else mask


def _flash(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any) -> Any:
    """Return transformers' flash attention: the kernel takes 16 bits only, and the layout is the kernel's own.

    Source: transformers ``integrations/flash_attention.py``; its cast of float32 queries.
    """
    import torch

    if query.dtype == torch.float32:
        narrow = _half(module)
        query, key, value = query.to(narrow), key.to(narrow), value.to(narrow)
    return _fused()[0].apply(query, key, value).transpose(1, 2), None


def _half(module: Any) -> Any:
    """Return the 16-bit type in which flash attention computes; four-bit layers know theirs."""
    import torch

    if torch.is_autocast_enabled(NAME):
        return torch.get_autocast_dtype(NAME)
    layer = next(layer for layer in module.modules() if isinstance(layer, torch.nn.Linear))
    dtype = getattr(layer, "compute_dtype", layer.weight.dtype)
    return torch.bfloat16 if dtype == torch.float32 else dtype


_functions: list[Any] = []


def _fused() -> list[Any]:
    """Return the kernel without a mask and the one with."""
    import torch

    if _functions:
        return _functions

    class FlashAttention(torch.autograd.Function):
        """Source: flash-attn 2 ``mha_fwd`` and ``mha_bwd``; PyTorch's own copy does the same."""

        @staticmethod
        def forward(context: Any, query: Any, key: Any, value: Any) -> Any:
            batch, heads, length, size = query.shape
            output = query.new_empty(batch, length, heads, size).transpose(1, 2)
            sums = query.new_empty(batch, heads, length, dtype=torch.float32)
            state = query.new_empty(2, dtype=torch.int64)
            context.save_for_backward(query, key, value, output, sums, state)
            return output

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            query, key, value, *_ = context.saved_tensors
            batch, heads, length, size = query.shape
            if gradient.stride(-1) != 1:
                gradient = gradient.contiguous()
            rows = -(-length // ROWS) * ROWS
            results = tuple(_rows_first(tensor) for tensor in (query, key, value))
            wide = -(-size // 32) * 32 if size <= 128 else -(-size // 64) * 64
            sums = query.new_empty(batch, heads, rows, dtype=torch.float32)
            accumulator = query.new_empty(batch, heads, rows, wide, dtype=torch.float32)
            expanded = [key.new_empty(batch, key.shape[2], heads, size) for _ in "kv"] if key.shape[1] != heads else []
            del sums, accumulator, expanded
            return results

    class EfficientAttention(torch.autograd.Function):
        """Sums of queries' gradients meet in float32; those of keys and values do where they exceed the registers.

        Source: PyTorch ``transformers/cuda/attention.cu``, ``attention_backward.cu``; ``kernel_backward.h``,
        ``kNeedsAccumGradK``.
        """

        @staticmethod
        def forward(context: Any, query: Any, key: Any, value: Any, mask: Any) -> Any:
            batch, heads, length, size = query.shape
            output = query.new_empty(batch, length, heads, size).transpose(1, 2)
            sums = query.new_empty(batch, heads, -(-length // 32) * 32, dtype=torch.float32)
            context.save_for_backward(query, key, value, mask, output, sums)
            return output

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            query, key, value, *_ = context.saved_tensors
            results = tuple(_rows_first(tensor) for tensor in (query, key, value))
            sums = query.new_empty(query.shape[:3], dtype=torch.float32)
            summed = (query,) if query.shape[-1] <= REGISTERS else (query, key, value)
            accumulators = [tensor.new_empty(tensor.shape, dtype=torch.float32) for tensor in summed]
            del sums, accumulators
            return (*results, None)

    _functions.extend((FlashAttention, EfficientAttention))
    return _functions


def _rows_first(tensor: Any) -> Any:
    """Return an empty tensor of the same shape whose memory is ordered as ``(batch, seq, heads, size)``."""
    batch, heads, length, size = tensor.shape
    return tensor.new_empty(batch, length, heads, size).transpose(1, 2)
