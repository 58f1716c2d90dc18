"""The training steps of a plan: hyper-parameters with their reasons, laid out so that they fit into memory."""

from dataclasses import dataclass
from typing import Any

from ..executors.train_options import TrainOptions
from ..knowledge.messages import say
from ..knowledge.setting import Situation, settings_for
from .base_model import Base
from .draft import Why, reasoned
from .fitting import GIBIBYTE, Fitting, Wish, fit
from .machine import Machine
from .profile import Profile

LARGEST_BATCH = 8
"""More rows than this at a time bring no speed on the GPUs that most people have, and cost memory."""

ONE_GPU_GB = 96
"""A larger figure in a profile is the memory of several GPUs together; a run uses one of them, of 80 GB."""

SEVERAL_GPUS_EACH_GB = 80
CHECKPOINTING = "gradient_checkpointing"
UNKNOWN_LENGTH = 1024
MARGIN = 64
"""Tokens of the chat template and the instruction around a row."""


@dataclass(frozen=True)
class Device:
    """Say where a plan runs.

    Attributes:
        memory_bytes: Of one GPU, or of the computer when there is none; None when unknown.
    """

    has_gpu: bool
    memory_bytes: int | None


def device_of(profile: Profile, machine: Machine) -> Device:
    """Return the device that the profile states, or this machine's where it states none."""
    if profile.vram_gb is not None:
        each = profile.vram_gb if profile.vram_gb <= ONE_GPU_GB else SEVERAL_GPUS_EACH_GB
        return Device(True, round(each * GIBIBYTE)) if each else Device(False, machine.memory_bytes)
    if machine.gpus:
        return Device(True, machine.gpus[0].memory_bytes)
    return Device(False, machine.memory_bytes)


@dataclass(frozen=True)
class Training:
    """Hold what all training steps of a plan share.

    Attributes:
        method: The method as it will run: ``lora`` becomes ``qlora`` where only 4 bits fit.
        options: Options of the step with their reasons.
        quantisation: Of the plan's model.
        fits_text: What the estimate says, for people.
    """

    method: str
    options: dict[str, Any]
    quantisation: str
    fits_text: str
    fitting: Fitting | None


def set_up(method: str, base: Base, device: Device, rows: int | None, row_tokens: int) -> Training:
    """Choose the hyper-parameters of a method and lay the run out so that it fits.

    Args:
        method: A fine-tuning method that ftadvisor runs.
        base: The model.
        device: Where it runs.
        rows: Number of rows to learn from; None when unknown.
        row_tokens: Tokens of the longest row, passages included; 0 when unknown.
    """
    chosen = dict(settings_for(Situation(step="train", method=method, parameters=base.parameters, rows=rows)))
    per_update = chosen.pop("rows_per_update")
    rank = chosen.get("method_options.rank")
    wish = Wish(
        config=base.config or {},
        method=method,
        rank=int(rank.value) if rank else 16,
        batch=min(LARGEST_BATCH, int(per_update.value)),
        rows_per_step=int(per_update.value),
        seq_len=row_tokens + MARGIN if row_tokens else UNKNOWN_LENGTH,
        dtype="bf16" if device.has_gpu else "fp32",
        memory_bytes=device.memory_bytes,
        device="cuda" if device.has_gpu else "cpu",
        quantisable=method in ("lora", "qlora") and device.has_gpu,
        checkpointable=CHECKPOINTING in TrainOptions.model_fields,
    )
    fitting = fit(wish) if base.config else None
    text = _fits_text(fitting, device)
    layout = _layout(wish, fitting, f"{per_update.why} [{', '.join(per_update.evidence)}]; {text}")
    quantised = method == "qlora" or (fitting is not None and fitting.quantise)
    return Training(
        method="qlora" if quantised else method,
        options=reasoned(chosen) | layout,
        quantisation="nf4" if quantised else "none",
        fits_text=text,
        fitting=fitting,
    )


def _layout(wish: Wish, fitting: Fitting | None, reason: str) -> dict[str, Any]:
    batch = fitting.batch if fitting else wish.batch
    accumulation = fitting.grad_accum if fitting else max(1, round(wish.rows_per_step / batch))
    options: dict[str, Any] = {"batch_size": Why(batch, reason), "accumulation": accumulation}
    if wish.checkpointable and fitting:
        options[CHECKPOINTING] = fitting.grad_checkpointing
    return options


def _fits_text(fitting: Fitting | None, device: Device) -> str:
    if fitting is None or fitting.needed_bytes is None:
        return say("planning.not_estimated", problem=fitting.unknown if fitting else say("planning.no_config"))
    needed = f"{fitting.needed_bytes / GIBIBYTE:.1f} GiB"
    measures = "".join(f"; {measure}" for measure in fitting.measures)
    if device.memory_bytes is None:
        return say("planning.needs", needed=needed) + measures
    available = f"{device.memory_bytes / GIBIBYTE:.1f} GiB"
    key = "planning.fits" if fitting.fits else "planning.does_not_fit"
    return say(key, needed=needed, available=available) + measures
