"""The memory that a training is expected to take, to hold the estimator to what is then measured."""

import json
from collections.abc import Mapping
from typing import Any

from ..knowledge.errors import UserError
from . import models
from .estimate.estimate import estimate
from .estimate.request import EstimateRequest
from .estimate.unsupported import UnsupportedError
from .heads import is_pooler_fresh
from .method import MethodOptions, is_trained_widened
from .plan import ModelSource
from .train_options import TrainOptions

DTYPES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
OPTIMIZERS = {"adamw": "adamw_torch_fused", "adamw_8bit": "adamw_8bit"}
QUANTISATIONS = {"none": "none", "int8": "int8", "nf4": "nf4-dq"}
AMP = {"float32": False, "bfloat16": True, "auto": None}
SHARED = ("rank", "targets", "dropout", "virtual_tokens", "encoder_width", "bottleneck")
"""Options that methods and the estimator call by the same name."""
UNCOUNTED = frozenset({("encoder", "lstm"), ("placement", "pfeiffer")})
"""Options of methods that the estimator does not know."""


def expected_memory(request: EstimateRequest) -> int | None:
    """Return the estimate of what ``executors.memory`` measures, in bytes; None where there is no honest one."""
    try:
        peak = estimate(request).peak
    except (UnsupportedError, UserError):  # another architecture, or a setting that is not counted
        return None
    return peak.allocated_bytes if request.device == "cuda" else peak.device_bytes


def expected_tensors(request: EstimateRequest | None) -> int | None:
    """Return the estimate of what the tensors alone take at their peak, in bytes; None where there is no honest one."""
    try:
        return estimate(request).peak.allocated_bytes if request else None
    except (UnsupportedError, UserError):
        return None


def least_memory(request: EstimateRequest | None) -> int | None:
    """Return the least that a training takes by its estimate, in bytes; None where there is no honest one."""
    try:
        return estimate(request).peak.low_bytes if request else None
    except (UnsupportedError, UserError):
        return None


def training_request(
    config: Mapping[str, Any],
    method: str,
    method_options: MethodOptions,
    options: TrainOptions,
    shape: Mapping[str, Any],
    number_type: str,
    quantisation: str,
    device: str,
) -> EstimateRequest | None:
    """Return the question to the estimator about a training; None where it cannot be asked.

    Args:
        config: The model's config.
        method: A fine-tuning method.
        method_options: The method's own options.
        options: Settings shared by all methods.
        shape: What a task says of the rows that are trained on, as ``TaskBase.shape`` returns it.
        number_type: Type of the weights as PyTorch calls it, such as ``bfloat16``.
        quantisation: How the frozen weights are stored.
        device: Kind of device as PyTorch calls it, such as ``cuda``.
    """
    own = method_options.model_dump()
    if UNCOUNTED & {*own.items()}:
        return None
    values = {
        "config": dict(config),
        "method": method,
        "quant": QUANTISATIONS[quantisation],
        "variant": "dora" if own.get("dora") else "rslora" if own.get("rslora") else "none",
        "batch": options.batch_size,
        **shape,
        "grad_accum": options.accumulation,
        "grad_checkpointing": options.gradient_checkpointing,
        "dtype": DTYPES.get(number_type),
        "amp": AMP[options.precision],
        "optimizer": OPTIMIZERS[options.optimizer],
        "loss": options.loss,
        "device": device,
        "kbit_prepare": quantisation != "none" and is_trained_widened(method),
        **({"parallel": "fsdp", "gpus": options.processes} if options.sharding == "fsdp2" else {}),
        **{name: own[name] for name in SHARED if name in own},
    }
    try:
        return EstimateRequest.model_validate(values)
    except ValueError:  # another device or number type
        return None


def request_of(
    model: Any,  # noqa: ANN401 - a model with or without an adapter
    base: ModelSource,
    method: str,
    method_options: MethodOptions,
    options: TrainOptions,
    shape: Mapping[str, Any],
) -> EstimateRequest | None:
    """Return the question to the estimator about a training whose model is loaded; None where it cannot be asked."""
    shape = {**shape, "fresh_pooler": is_pooler_fresh(model)}
    return request_for(model.config, base, method, method_options, options, shape)


def request_for(
    config: Any,  # noqa: ANN401 - each family has its own
    base: ModelSource,
    method: str,
    method_options: MethodOptions,
    options: TrainOptions,
    shape: Mapping[str, Any],
) -> EstimateRequest | None:
    """Return the question to the estimator about a training of a model with this config."""
    weights = str(models.number_type(base)).removeprefix("torch.")
    known = json.loads(config.to_json_string(use_diff=False))
    return training_request(
        known, method, method_options, options, shape, weights, base.quantisation, models.device().type
    )
