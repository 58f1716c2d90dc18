"""Build the real model with the real method on the simulated GPU, without weights."""

# ruff: noqa: ANN401 - modules and tensors of libraries that are imported late

from typing import TYPE_CHECKING, Any

from ....knowledge.load import load
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ...heads import POOLER, note_fresh
from ...method import method_module
from ..architectures.bert import MODEL_TYPES as ENCODERS
from ..request import Dtype, EstimateRequest
from ..unsupported import UnsupportedError
from .device import NAME
from .packed import pack, packed_layers

if TYPE_CHECKING:
    import torch

    from .tracker import Tracker

FLASH = "flash_attention_2"
HEADS = {
    "sequence": "AutoModelForSequenceClassification",
    "token": "AutoModelForTokenClassification",
    "span": "AutoModelForQuestionAnswering",
}


def build(request: EstimateRequest, tracker: "Tracker") -> Any:
    """Return the model, ready for training; its tensors are named to the tracker.

    Args:
        request: The run's settings.
        tracker: Watches already.

    Raises:
        UnsupportedError: The method has no code here, or does not go with the model.
        UserError: What the method itself refuses.
    """
    dtype = number_type(request.dtype)
    model = _bare(request, dtype)
    if request.quant != "none":
        pack(model, request.quant, dtype)
    _place(model)
    tracker.name("weights", [*model.parameters(), *model.buffers()])
    if request.quant != "none" and request.kbit_prepare:
        _prepare(model, request)
    tracker.name("weights", [*model.parameters(), *model.buffers()])
    if request.config["model_type"] in ENCODERS:
        model.prepare_inputs_for_generation = None  # peft's wrapper for language models asks for it
    model = _attached(model, request)
    _narrow_adapter(model, request)
    if request.grad_checkpointing:
        _recompute(model, load(Stack)[request.stack].reentrant_checkpoint)
    tracker.name("adapter", [*model.parameters(), *model.buffers()])
    return model.train()


def number_type(name: Dtype) -> "torch.dtype":
    """Return PyTorch's name of a precision."""
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[name]


def _bare(request: EstimateRequest, dtype: Any) -> Any:
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(**dict[str, Any](request.config))
    options = {"dtype" if hasattr(config, "dtype") else "torch_dtype": dtype}  # renamed in transformers 4.56
    name = "AutoModelForMaskedLM" if config.model_type in ENCODERS else "AutoModelForCausalLM"
    if request.labels:
        name, config.num_labels = HEADS[request.head], request.labels
        config.pad_token_id = config.pad_token_id or 0  # a decoder pools the last token that is no padding
    attention = "sdpa" if request.attention == "flash" else request.attention
    with torch.device("meta"):
        model = getattr(transformers, name).from_config(config, attn_implementation=attention, **options)
    note_fresh(model, {found for found, _ in model.named_parameters() if request.fresh_pooler and POOLER in found})
    if request.attention == "flash":
        model.config._attn_implementation = FLASH
    return model


def _place(model: Any) -> None:
    """Give every tensor its place on the device, in the order of the modules; tied ones once."""
    import torch

    placed: dict[int, Any] = {}
    for layer in packed_layers(model):
        layer.fill()
    for module in model.modules():
        for name, value in module._parameters.items():
            if value is not None and value.device.type == "meta":
                if id(value) not in placed:
                    placed[id(value)] = torch.nn.Parameter(_empty(value), requires_grad=value.requires_grad)
                module._parameters[name] = placed[id(value)]
        for name, value in module._buffers.items():
            if value is not None and value.device.type == "meta":
                module._buffers[name] = _empty(value)


def _empty(value: Any) -> Any:
    import torch

    return torch.empty(value.shape, dtype=value.dtype, device=NAME)


def _prepare(model: Any, request: EstimateRequest) -> None:
    """Freeze and widen as peft does, then narrow embeddings and head where the trainer does."""
    from peft import prepare_model_for_kbit_training

    prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if request.outer_dtype:
        for module in {model.get_input_embeddings(), model.get_output_embeddings()}:
            module.weight.data = module.weight.data.to(number_type(request.outer_dtype))


def _attached(model: Any, request: EstimateRequest) -> Any:
    try:
        method = method_module("lora" if request.method == "qlora" else request.method)  # prepared already
    except ValueError as error:
        raise UnsupportedError(say("exact.no_method", method=request.method)) from error
    fields = method.Options.model_fields
    given = {name: getattr(request, name) for name in fields if hasattr(request, name)}
    if "dora" in fields:
        given |= {"dora": request.variant == "dora", "rslora": request.variant == "rslora"}
    if "target_rank" in fields:  # what is left in the end takes no memory away
        given["target_rank"] = max(1, request.rank * 2 // 3)
    return method.attach(model, method.Options(**given))


def _narrow_adapter(model: Any, request: EstimateRequest) -> None:
    if request.adapter_dtype == "bf16" and request.method != "full":
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(number_type("bf16"))


def _recompute(model: Any, reentrant: bool) -> None:
    name = "activation_checkpointing_enable"  # transformers 5.2x renamed the method
    enable = getattr(model, name if hasattr(model, name) else "gradient_checkpointing_enable")
    enable({"use_reentrant": reentrant})
    if reentrant and not all(parameter.requires_grad for parameter in model.parameters()):
        model.enable_input_require_grads()
