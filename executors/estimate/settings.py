"""Fill in what a method implies, refuse what does not go together, and say what was assumed."""

from typing import get_args

from ...knowledge.find import find_gpu
from ...knowledge.gpu import GpuCard
from ...knowledge.json_value import JsonValue
from ...knowledge.messages import say
from ..vocabulary import growing_methods
from .architectures import bert, deberta, granitemoe, mixtral, modernbert, resnet, vit
from .architectures.config import number
from .context import context_of
from .request import EstimateRequest, Parallel
from .stacks import stack_named
from .stored import stored_as
from .unsupported import UnsupportedError
from .utilisation import kind_of, utilisation_of

ENCODERS = bert.MODEL_TYPES | modernbert.MODEL_TYPES | deberta.MODEL_TYPES
CLASSIFIERS = vit.MODEL_TYPES | resnet.MODEL_TYPES
HEADS = {"sequence": "ForSequenceClassification", "token": "ForTokenClassification", "span": "ForQuestionAnswering"}
OFFLOADING = {
    "optimizer": frozenset({"zero1", "zero2", "zero3"}),
    "parameters": frozenset({"zero3", "fsdp"}),
}
"""Which ways to share can keep something in main memory.

Source: DeepSpeed ``zero/config.py``, ``offload_optimizer`` and ``offload_param``; PyTorch FSDP ``CPUOffload``, which
moves the weights and with them the optimizer.
"""


def filled(request: EstimateRequest) -> EstimateRequest:
    """Return the request with everything that its method implies.

    Raises:
        UnsupportedError: Settings that nobody can run together, or that are not counted yet.
    """
    if request.quant == "none":
        request = request.model_copy(update=stored_as(request.config))
    if request.method == "qlora" and request.quant == "none":
        request = request.model_copy(update={"quant": "nf4-dq"})
    if request.method == "qlora" and request.quant in {"int8", "gptq"}:
        request = request.model_copy(update={"method": "lora"})  # QLoRA packs the base in 4 bits on the fly
    if request.amp is None:
        request = request.model_copy(update={"amp": request.device == "cuda" and request.method != "inference"})
    if request.method == "inference":
        request = request.model_copy(update={"kbit_prepare": False, "grad_checkpointing": False})
    if request.labels and request.config["model_type"] in ENCODERS | CLASSIFIERS:
        head: dict[str, JsonValue] = {"num_labels": request.labels}
        if request.config["model_type"] in ENCODERS:
            head |= {"architectures": [HEADS[request.head]], "fresh_pooler": request.fresh_pooler}
        request = request.model_copy(update={"config": {**request.config, **head}})
    if request.method == "full" and request.added_tokens:  # rows as all others are
        rows = number(request.config, "vocab_size") + max(0, request.added_tokens - request.spare_rows)
        config = request.config | {"vocab_size": rows}
        request = request.model_copy(update={"config": config, "added_tokens": 0})
    problems = [say(f"estimate.{key}", **values) for key, values in _problems(request)]
    if problems:
        raise UnsupportedError("\n".join(problems))
    return request


def _problems(request: EstimateRequest) -> list[tuple[str, dict[str, object]]]:
    found: list[tuple[str, dict[str, object]]] = []
    if request.parallel == "none" and request.gpus > 1:
        found.append(("parallel_needed", {"gpus": request.gpus, "known": "|".join(get_args(Parallel)[1:])}))
    if request.parallel in {"ddp", "fsdp"} and request.gpus == 1:
        found.append(("gpus_needed", {"parallel": request.parallel}))
    if request.offload != "none" and request.parallel not in OFFLOADING[request.offload]:
        where = ", ".join(sorted(OFFLOADING[request.offload]))
        found.append(("no_offload", {"offload": request.offload, "parallel": request.parallel, "known": where}))
    if request.parallel == "zero3" and request.quant != "none":
        found.append(("no_packed_zero", {"quant": request.quant}))
    if request.quant == "gptq" and request.variant == "dora":
        found.append(("no_grouped_dora", {}))
    if request.variant != "none" and request.method not in {"lora", "qlora"}:
        found.append(("variant_of_lora", {"variant": request.variant, "method": request.method}))
    kind = str(request.config["model_type"])
    if request.added_tokens and request.method not in growing_methods(kind):
        known = ", ".join(growing_methods(kind))
        found.append(("no_new_words", {"method": request.method, "kind": kind, "known": known}))
    if request.method != "inference" and request.cache_quant != "none":
        found.append(("cache_of_inference", {"cache_quant": request.cache_quant, "method": request.method}))
    if request.method == "inference" and (request.parallel != "none" or request.gpus > 1):
        found.append(("inference_on_one", {}))
    if request.device == "cpu" and request.quant != "none":
        found.append(("no_cpu_quant", {}))
    return found


def assumptions_of(request: EstimateRequest, card: GpuCard | None) -> list[str]:
    """Return, in words, what was taken for granted."""
    if request.method == "inference":
        shape = {"batch": request.batch, "seq_len": request.seq_len, "new_tokens": request.new_tokens}
        told = [say("estimate.settings_inference", **shape, dtype=request.dtype, quant=request.quant)]
        packed = request.cache_quant != "none"
        return told + [say("estimate.assume_packed_cache", kind=request.cache_quant)] * packed
    keys = ["assume_no_padding" if request.attention != "eager" else "assume_masked"]
    longest = context_of(request.config)
    if longest is not None and longest < request.seq_len:
        keys.append("assume_longer_context")
    if card is None and request.device == "cuda":
        keys.append("assume_no_gpu")
    if request.train_tokens == 0:
        keys.append("assume_no_tokens")
    used = [] if card is None or request.device == "cpu" else [_utilisation(request, card)]
    values = {"seq_len": request.seq_len, "longest": longest}
    told = [say(f"estimate.{key}", **values) for key in keys]
    return [*_chosen(request), *told, *_without_bfloat16(request), *used]


def _without_bfloat16(request: EstimateRequest) -> list[str]:
    """Return a warning about GPUs that do not compute in the run's precision."""
    cards = [find_gpu(name) for name in request.gpu] if request.dtype == "bf16" else []
    lacking = ", ".join(card.title for card in cards if card.bf16_tflops is None)
    return [say("estimate.assume_no_bfloat16", gpu=lacking)] if lacking else []


def _utilisation(request: EstimateRequest, card: GpuCard) -> str:
    """Return which measured share of the GPU's peak the times rest on."""
    found = utilisation_of(kind_of(request), card)
    shares = {name: f"{getattr(found, name):.0%}" for name in ("low", "likely", "high")}
    key = "assume_utilisation" if found.gpus else "assume_utilisation_elsewhere"
    key = "assume_utilisation_scaled" if found.scaled else key
    return say(f"estimate.{key}", gpu=card.title, measured=", ".join(found.measured_on), **shares)


def _chosen(request: EstimateRequest) -> list[str]:
    """Return the settings that count most, because most people leave them at their defaults."""
    dtype = request.dtype if request.quant == "none" else f"{request.dtype} ({request.quant})"
    again = say(f"estimate.checkpointing.{'on' if request.grad_checkpointing else 'off'}")
    shape = {"batch": request.batch, "seq_len": request.seq_len, "grad_accum": request.grad_accum}
    found = [say("estimate.settings", **shape, dtype=dtype, optimizer=request.optimizer, checkpointing=again)]
    if request.method in {"lora", "qlora", "adalora"}:
        where = ", ".join(request.targets) or say("estimate.all_linear")
        found.append(say("estimate.settings_rank", rank=request.rank, targets=where))
    joined = request.config["model_type"] in granitemoe.MODEL_TYPES  # whatever the stack
    if joined or request.config["model_type"] in mixtral.MODEL_TYPES:
        fused = joined or stack_named(request.stack).fuses_experts
        found.append(say(f"estimate.assume_experts_{'together' if fused else 'apart'}", times=mixtral.CROWDING))
        if fused and request.quant != "none":
            widened = request.kbit_prepare and request.quant != "gptq"
            found.append(say(f"estimate.assume_experts_{'widened' if widened else 'unpacked'}", quant=request.quant))
    if request.quant in {"int8", "gptq"}:
        found.append(say(f"estimate.assume_{request.quant}", group=request.group_size))
    return found
