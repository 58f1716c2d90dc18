"""The training steps of a plan: hyper-parameters with their reasons, laid out so that they fit into memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ..executors.method import method_module
from ..executors.train_options import TrainOptions
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.method import MethodCard
from ..knowledge.setting import Chosen, Situation, settings_for
from .base_model import Base
from .device import Device
from .draft import Why, reasoned
from .fitting import Fitting, Wish, fit, size_text, stored
from .runners_up import runners_up

LARGEST_BATCH = 8
"""More rows than this at a time bring no speed on the GPUs that most people have, and cost memory."""

UNKNOWN_LENGTH = 1024
SIZES = ("rank", "virtual_tokens", "encoder_width", "bottleneck")
"""Options of methods that cost memory; an estimate's request calls them the same."""

MARGIN = 64
"""Tokens of the chat template and the instruction around a row."""


@dataclass(frozen=True)
class Training:
    """Hold what all training steps of a plan share.

    Attributes:
        method: The method as it will run: ``lora`` becomes ``qlora`` where only 4 bits fit.
        options: Options of the step with their reasons.
        quantisation: Of the plan's model.
        memory: What the estimate says, for people.
        lost: Why the other ways to train the model lost, for people.
    """

    method: str
    options: dict[str, Any]
    quantisation: str
    memory: str
    lost: tuple[str, ...] = ()


def set_up(
    method: str,
    base: Base,
    device: Device,
    rows: int | None,
    row_tokens: int,
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> Training:
    """Choose the hyper-parameters of a method and lay the run out so that it fits.

    Args:
        method: A fine-tuning method that ftadvisor runs.
        base: The model.
        device: Where it runs.
        rows: Number of rows to learn from; None when unknown.
        row_tokens: Tokens of the longest row, passages included; 0 when unknown.
        reasons: Why other methods were turned down, by method.
    """
    chosen, per_update = settings_of(method, base, rows)
    wish = wish_for(method, base, device, rows, row_tokens)
    fitting = fit(wish) if base.config else None
    memory = _fits_text(fitting, device)
    source = ", ".join(per_update.evidence)
    reason = say("planning.separator").join([f"{per_update.why} [{source}]", memory])
    quantised = method == "qlora" or (fitting is not None and fitting.quantise)
    runs = "qlora" if quantised and method == "lora" else method
    return Training(
        method=runs,
        options=_with_targets(method, reasoned(chosen)) | _layout(wish, fitting, reason),
        quantisation="nf4" if quantised else "none",
        memory=memory,
        lost=tuple(runners_up(wish, runs, reasons)) if base.config else (),
    )


def wish_for(method: str, base: Base, device: Device, rows: int | None, row_tokens: int) -> Wish:
    """Return what a training would be if memory were no concern; its arguments are those of ``set_up``."""
    chosen, per_update = settings_of(method, base, rows)
    share = max(1, round(int(per_update.value) / device.processes))
    sizes = {name: chosen.get(f"method_options.{name}") for name in SIZES}
    rank = sizes.pop("rank")
    kind: Literal["cuda", "cpu"] = "cuda" if device.has_gpu else "cpu"
    return Wish(
        config=base.config or {},
        method=method,
        rank=int(rank.value) if rank else 16,
        sizes={name: int(size.value) for name, size in sizes.items() if size},
        batch=min(LARGEST_BATCH, share),
        rows_per_step=share,
        seq_len=row_tokens + MARGIN if row_tokens else UNKNOWN_LENGTH,
        dtype=stored(method, kind),
        memory_bytes=device.memory_bytes,
        device=kind,
        quantisable=device.has_gpu and {"none", "nf4"} <= {*method_module(method).BASES},
        checkpointable=method_module(method).CHECKPOINTING,
        shortenable=not row_tokens,
        gpus=device.processes,
    )


def settings_of(method: str, base: Base, rows: int | None) -> tuple[dict[str, Chosen], Chosen]:
    """Return the options of a training, and apart from them the rows of one update."""
    situation = Situation(step="train", method=method, family=base.family, parameters=base.parameters, rows=rows)
    chosen = dict(settings_for(situation, _card_values(method)))
    return chosen, chosen.pop("batch_size")


def _with_targets(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with the place of the trained parts, where the method's card gives a reason for it."""
    place = load(MethodCard)[method].settings.get("targets")
    if place is None:
        return options
    because = f"{place.because} [{', '.join(place.evidence)}]"
    why = Why((), say("advice.named", name=place.value, text=because))
    return options | {"method_options": {**options.get("method_options", {}), "targets": why}}


def _card_values(method: str) -> dict[str, Chosen]:
    """Return the starting values of a method's card, by the names that a train step has for them."""
    own = method_module(method).Options.model_fields
    values = {}
    for name, start in load(MethodCard)[method].settings.items():
        if isinstance(start.value, str):  # words such as all-linear say what the step does by itself
            continue
        chosen = Chosen(value=start.value, why=start.because, evidence=start.evidence)
        if name in own:
            values[f"method_options.{name}"] = chosen
        elif name in TrainOptions.model_fields:
            values[name] = chosen
    return values


def _layout(wish: Wish, fitting: Fitting | None, reason: str) -> dict[str, Any]:
    batch = fitting.batch if fitting else wish.batch
    accumulation = fitting.grad_accum if fitting else max(1, round(wish.rows_per_step / batch))
    options: dict[str, Any] = {"batch_size": Why(batch, reason), "accumulation": accumulation}
    if wish.gpus > 1:
        options["processes"] = Why(wish.gpus, say("planning.why_processes", count=wish.gpus))
    elif accumulation > 1:  # several processes are not tried first, so nobody sees whether there is room
        options["when_room"] = Why("grow", say("planning.why_when_room"))
    options["evaluation_batch_size"] = Why(batch, say("planning.why_evaluation_batch"))
    if fitting:
        options["gradient_checkpointing"] = fitting.grad_checkpointing
        if fitting.seq_len < wish.seq_len:
            options["max_length"] = Why(fitting.seq_len, say("planning.measure_length", tokens=fitting.seq_len))
    return options


def _fits_text(fitting: Fitting | None, device: Device) -> str:
    if fitting is None or fitting.needed_bytes is None:
        return say("planning.not_estimated", problem=fitting.unknown if fitting else say("planning.no_config"))
    needed = size_text(fitting.needed_bytes)
    separator = say("planning.separator")
    if device.memory_bytes is None:
        return separator.join([say("planning.needs", needed=needed), *fitting.measures])
    available = size_text(device.memory_bytes)
    key = "planning.fits" if fitting.fits else "planning.does_not_fit"
    told = separator.join([say(key, needed=needed, available=available), *fitting.measures])
    return told + _gpus_text(device, available)


def _gpus_text(device: Device, available: str) -> str:
    if device.processes > 1:
        return say("planning.several_gpus", count=device.processes, available=available)
    return say("planning.one_gpu", available=available) if device.has_gpu and device.gpus is None else ""
