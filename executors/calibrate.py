"""Measure this machine with a few real training steps on random weights."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .device_name import device_name
from .estimate.calibration import Calibration, keep, operations
from .estimate.methods.find import weights_of
from .estimate.request import EstimateRequest
from .plan import ModelSource
from .probe import Probe, probe, write_random_model
from .train_options import TrainOptions

LLAMA: dict[str, Any] = {"model_type": "llama", "max_position_embeddings": 4096, "tie_word_embeddings": True}
SIZES: Mapping[str, dict[str, Any]] = {
    "cpu": LLAMA | {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 4, "vocab_size": 8000},
    "cuda": LLAMA | {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 16, "vocab_size": 32000},
}
"""Large enough to keep the device busy, small enough for any: 15 million parameters on a CPU, 0.9 billion on a GPU."""
SHAPES = {"cpu": (2, 256), "cuda": (4, 1024)}
HEADS = 64
METHODS = {"cpu": ("lora", "full"), "cuda": ("lora", "qlora", "full")}
STEPS = 6


def calibrate(device: str, progress: Progress) -> Calibration:
    """Measure a device, keep the result for later estimates, and return it.

    Args:
        device: ``cuda`` or ``cpu``.
        progress: Receives which method is measured.

    Raises:
        UserError: There is no GPU, or what training needs is not installed.
    """
    from .models import device as found_device
    from .models import require

    require("torch")
    if found_device().type != device:
        missing = "no_gpu" if device == "cuda" else "has_gpu"
        raise UserError(say(f"estimate.calibrate.{missing}"), "ftadvisor estimate --calibrate --device cpu")
    config = SIZES[device] | {"num_attention_heads": SIZES[device]["hidden_size"] // HEADS}
    speeds, context = {}, 0
    with TemporaryDirectory() as folder:
        write_random_model(config, Path(folder), "float32" if device == "cpu" else "bfloat16")
        for number, method in enumerate(METHODS[device]):
            progress(say("estimate.calibrate.measuring", method=method), number, len(METHODS[device]))
            found = _probe(folder, method, device)
            work = operations(_request(config, method, device))
            slow, likely, fast = found.slowest_seconds, found.step_seconds, found.fastest_seconds
            speeds[method] = (work / slow, work / likely, work / fast)
            context = max(context, found.outside_bytes)
    made_with = {name: version(name) for name in ("torch", "transformers", "peft")}
    made_with["threads"] = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count()))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    calibration = Calibration(device_name(device), now, speeds, context, made_with)
    keep(calibration)
    return calibration


def _probe(folder: str, method: str, device: str) -> Probe:
    batch, length = SHAPES[device]
    base = ModelSource(
        source=folder,
        dtype="float32" if device == "cpu" or weights_of(method) == "fp32" else "bfloat16",
        quantisation="nf4" if method == "qlora" else "none",
    )
    options = TrainOptions(batch_size=batch, gradient_checkpointing=False)
    return probe(base, method, {}, options, length, STEPS)


def _request(config: dict[str, Any], method: str, device: str) -> EstimateRequest:
    batch, length = SHAPES[device]
    values: dict[str, Any] = {"config": config, "method": method, "batch": batch, "seq_len": length, "device": device}
    quant = "nf4-dq" if method == "qlora" else "none"
    return EstimateRequest.model_validate(values | {"quant": quant, "grad_checkpointing": False})
