"""Widen a quantised model: what it keeps in 16 bits, for methods whose layers mix float32 with it, or all of it."""

# ruff: noqa: ANN401 - models with and without adapters

from typing import Any


def widen_rest(model: Any) -> Any:
    """Return a model with all that is not quantised in float32, frozen; one that is not quantised as it is.

    Beside 4- and 8-bit layers IA3 and AdaLoRA give float32, and their neighbours 16 bits; attention and heads refuse
    such pairs wherever autocast does not bring them together, as in answering.

    Source: peft 0.21.2, tuners/ia3/bnb.py and tuners/adalora/bnb.py, ``forward``.
    """
    from peft import prepare_model_for_kbit_training

    if not getattr(model, "is_quantized", False):
        return model
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)


def dequantised(model: Any) -> Any:
    """Return a quantised model in float32 on the CPU, with the rounded weights.

    Each layer is widened where it lies and then moved. A whole model that is moved first leaves the scales of its 8-bit
    layers behind, or is refused by libraries that this project allows; widened first, it may not fit.

    Source: transformers 5.23, ``PreTrainedModel.to``; bitsandbytes 0.50, ``Int8Params.to``, whose result PyTorch copies
    only the numbers of.
    """
    import torch
    from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt
    from peft.utils.integrations import dequantize_module_weight

    for name, layer in [*model.named_modules()]:
        if isinstance(layer, Linear4bit | Linear8bitLt):
            plain = torch.nn.Linear(layer.in_features, layer.out_features, bias=False, device="meta")
            weight = dequantize_module_weight(layer).to("cpu", torch.float32)
            plain.weight, plain.bias = torch.nn.Parameter(weight, requires_grad=False), layer.bias
            model.set_submodule(name, plain)
    model.hf_quantizer.remove_quantization_config(model)
    return model.to("cpu").float()
