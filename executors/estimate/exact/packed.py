"""Four-bit layers as bitsandbytes keeps and computes them; its own code does not work without numbers.

Source: bitsandbytes ``nn/modules.py`` (``Linear4bit``), ``autograd/_functions.py`` (``MatMul4Bit``),
``functional.py`` (``quantize_4bit``, ``dequantize_4bit``), ``backends/cuda/ops.py`` (``_dequant_linear_fallback``).
"""

# ruff: noqa: ANN401 - modules and tensors of libraries that are imported late

from importlib import import_module
from typing import Any

from ..request import Quant
from ..storage import BLOCK, CODE_BYTES, FP32, NESTED_BLOCK
from .device import NAME


def pack(model: Any, quant: Quant, dtype: Any) -> None:
    """Replace a model's linear layers, without its head, by four-bit ones; weights are still without memory.

    Args:
        model: A model on the meta device.
        quant: How weights are packed; ``-dq`` packs their scales too.
        dtype: The precision of the computation.
    """
    import torch

    kept = _not_packed(model)
    model.is_loaded_in_4bit = True
    for name, module in list(model.named_modules()):
        if type(module) is torch.nn.Linear and not any(name == other or f".{other}." in f".{name}." for other in kept):
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, _packed_class()(module, quant, dtype))


def _not_packed(model: Any) -> list[str]:
    place = import_module("transformers.quantizers.base")
    if not hasattr(place, "get_keys_to_not_convert"):  # before transformers 5
        place = import_module("transformers.integrations")
    return list(place.get_keys_to_not_convert(model))


def packed_layers(model: Any) -> list[Any]:
    """Return the four-bit layers of a model."""
    return [module for module in model.modules() if isinstance(module, _packed_class())] if _classes else []


_classes: list[type] = []


def _packed_class() -> Any:
    """Return the class of four-bit layers, for which peft takes them too."""
    import torch

    if _classes:
        return _classes[0]
    product = _product()
    linear: Any = import_module("bitsandbytes.nn").Linear4bit

    class PackedLinear(linear):  # type: ignore[misc]
        def __init__(self, source: Any, quant: Quant, dtype: Any) -> None:
            torch.nn.Module.__init__(self)
            self.in_features, self.out_features = source.in_features, source.out_features
            self.compute_dtype, self.nested, self.bias = dtype, quant.endswith("-dq"), source.bias
            self.quant_type, self.source_dtype = quant.removesuffix("-dq"), source.weight.dtype

        def fill(self) -> None:
            """Make the weight in full, and then its packed form, on the device."""
            count = self.in_features * self.out_features
            whole = torch.empty(count, dtype=self.source_dtype, device=NAME)
            blocks = -(-count // BLOCK)
            sizes = {"code": CODE_BYTES}
            if self.nested:
                sizes |= {"scales": blocks, "outer_scales": -(-blocks // NESTED_BLOCK) * FP32, "offset": FP32}
            else:
                sizes["scales"] = blocks * FP32
            packed = torch.empty(-(-count // 2), 1, dtype=torch.uint8, device=NAME)
            self.weight = torch.nn.Parameter(packed, requires_grad=False)
            setattr(self.weight, "compress_statistics", self.nested)  # noqa: B010 - parameters have none by type
            setattr(self.weight, "quant_type", self.quant_type)  # noqa: B010 - as above
            for name, size in sizes.items():
                self.register_buffer(name, torch.empty(size, dtype=torch.uint8, device=NAME))
            del whole

        def forward(self, x: Any) -> Any:
            bias = None if self.bias is None else self.bias.to(self.compute_dtype)
            return product.apply(x.to(self.compute_dtype), self, bias).to(x.dtype)

    _classes.append(PackedLinear)
    return PackedLinear


def unpacked(layer: Any, dtype: Any) -> Any:
    """Return a layer's weight in full, with what unpacking needs in between."""
    import torch

    count = layer.in_features * layer.out_features
    scales = torch.empty(-(-count // BLOCK), dtype=torch.float32, device=NAME) if layer.nested else None
    whole = torch.empty(layer.out_features, layer.in_features, dtype=dtype, device=NAME)
    del scales
    return whole


def _product() -> Any:
    import torch

    class PackedProduct(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any, layer: Any, bias: Any) -> Any:
            context.layer = layer
            return torch.nn.functional.linear(x, unpacked(layer, x.dtype), bias)

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            bias = gradient.flatten(0, -2).sum(0) if context.needs_input_grad[2] else None
            if not context.needs_input_grad[0]:
                return None, None, bias
            return torch.matmul(gradient, unpacked(context.layer, gradient.dtype)), None, bias

    return PackedProduct
