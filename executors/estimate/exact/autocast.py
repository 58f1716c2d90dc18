"""Mixed precision as CUDA does it: PyTorch has no lists of operations for a device that it does not know.

Source: PyTorch ``aten/src/ATen/autocast_mode.h`` and ``autocast_mode.cpp``, the lists of CUDA and ``cached_cast``.
"""

# ruff: noqa: ANN401 - these stand in for functions of PyTorch that take anything

from collections.abc import Callable
from typing import Any

from .device import NAME

NARROW = (
    *("_convolution", "addmm", "addmv", "addr", "matmul", "mm", "mv", "linear", "addbmm", "baddbmm", "bmm"),
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d.input", "conv_transpose3d.input", "prelu"),
    "scaled_dot_product_attention",
)
"""Operations in 16 bits."""
WIDE = (
    *("acos", "asin", "cosh", "erfinv", "exp", "expm1", "log", "log10", "log2", "log1p", "reciprocal", "rsqrt"),
    *("sinh", "tan", "pow.Tensor_Scalar", "pow.Tensor_Tensor", "pow.Scalar", "softplus", "layer_norm"),
    *("native_layer_norm", "group_norm", "cosine_similarity", "nll_loss", "nll_loss2d", "kl_div", "l1_loss"),
    *("smooth_l1_loss", "huber_loss", "mse_loss", "binary_cross_entropy_with_logits", "dist", "logsumexp"),
)
"""Operations in float32, whose inputs are widened."""
WIDE_RESULT = (
    *("prod", "prod.dim_int", "softmax.int", "log_softmax.int", "cumprod", "cumsum", "linalg_vector_norm"),
    *("sum", "sum.dim_IntList"),
)
"""Operations that are asked for a float32 result, without widening the input first."""

_libraries: list[Any] = []
_narrowed: dict[int, tuple[Any, Any]] = {}


def install() -> None:
    """Teach PyTorch's autocast about the device."""
    import torch

    fallback = torch.library.Library("_", "IMPL")
    fallback.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    library = torch.library.Library("aten", "IMPL")
    for names, kernel in ((NARROW, _narrow), (WIDE, _wide), (WIDE_RESULT, _wide_result)):
        for name in names:
            library.impl(name, kernel(_operation(name)), "AutocastPrivateUse1")
    _libraries.extend((fallback, library))
    _answer_for_the_device(torch)


def _answer_for_the_device(torch: Any) -> None:
    """Let questions that name no device, which mean CUDA, be answered for this one; and drop the cache on exit."""
    enabled, clear = torch.is_autocast_enabled, torch.clear_autocast_cache

    def is_enabled(device: str = NAME) -> bool:
        return bool(enabled(NAME if device == "cuda" else device))

    def clear_cache() -> None:
        _narrowed.clear()
        clear()

    torch.is_autocast_enabled, torch.clear_autocast_cache = is_enabled, clear_cache


def _operation(name: str) -> Any:
    import torch

    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


def _narrow(operation: Any) -> Callable[..., Any]:
    import torch

    return _casting(operation, lambda: torch.get_autocast_dtype(NAME))


def _wide(operation: Any) -> Callable[..., Any]:
    import torch

    return _casting(operation, lambda: torch.float32)


def _casting(operation: Any, wanted: Callable[[], Any]) -> Callable[..., Any]:
    from torch.utils._pytree import tree_map

    def kernel(*arguments: Any, **options: Any) -> Any:
        dtype = wanted()
        with _outside():
            arguments, options = tree_map(lambda value: _cast(value, dtype), (arguments, options))
            return operation(*arguments, **options)

    return kernel


def _wide_result(operation: Any) -> Callable[..., Any]:
    import torch

    def kernel(*arguments: Any, **options: Any) -> Any:
        if _eligible(arguments[0]) and options.get("dtype") is None and not _names_dtype(operation, arguments):
            options["dtype"] = torch.float32
        with _outside():
            return operation(*arguments, **options)

    return kernel


def _names_dtype(operation: Any, arguments: tuple[Any, ...]) -> bool:
    names = [argument.name for argument in operation._schema.arguments]
    return "dtype" in names[: len(arguments)] and arguments[names.index("dtype")] is not None


def _outside() -> Any:
    import torch

    keys = torch._C.DispatchKeySet(torch._C._dispatch_key_parse("AutocastPrivateUse1"))
    return torch._C._ExcludeDispatchKeyGuard(keys)


def _eligible(value: Any) -> bool:
    import torch

    if not isinstance(value, torch.Tensor) or value.device.type != NAME:
        return False
    return value.is_floating_point() and value.dtype != torch.float64


def _cast(value: Any, dtype: Any) -> Any:
    """Return the tensor in another precision; a trained leaf's narrow copy is kept until autocast ends."""
    import torch

    if not _eligible(value) or value.dtype == dtype:
        return value
    kept = (
        dtype != torch.float32
        and value.dtype == torch.float32
        and value.requires_grad
        and value.is_leaf
        and not value._is_view()
        and torch.is_autocast_cache_enabled()
    )
    if not kept:
        return value.to(dtype)
    if id(value) not in _narrowed:
        _narrowed[id(value)] = (value, value.to(dtype))
    return _narrowed[id(value)][1]
