"""Lay a training out so that it fits: a ladder of layouts that learn the same, chosen by estimate and remembered."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ..knowledge.durable import write_json
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .memory import device_bytes
from .train_options import TrainOptions

FILE = "layout.json"
MEASURES = ("batch_size", "accumulation", "evaluation_batch_size", "gradient_checkpointing", "loss", "optimizer")
GIBIBYTE = 2**30
GPU_SHARE, CPU_SHARE = 0.9, 0.5
"""Of a device's memory that a larger batch may take."""


@dataclass(frozen=True)
class Tried:
    """Hold how a training is laid out, and what trying it showed.

    Attributes:
        options: The layout that fits.
        shown: Figures for the report; empty where nothing was tried.
    """

    options: TrainOptions
    shown: dict[str, JsonValue]

    @property
    def adapted(self) -> bool:
        """Whether the layout is not the planned one."""
        return bool(self.shown.get("layout"))


def remembered(folder: Path, fingerprint: str, options: TrainOptions) -> Tried | None:
    """Return what an interrupted attempt at the same training found, or None."""
    try:
        kept = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if kept.get("fingerprint") != fingerprint:
        return None
    return Tried(options.model_copy(update=kept["options"]), kept["shown"])


def refuse_smaller_device(begun: TrainOptions, able: "Able", need: Callable[[TrainOptions], int | None]) -> None:
    """Check that a training that is under way can go on here as it is laid out: another layout is another training.

    Args:
        begun: How it is laid out.
        able: What works here.
        need: As for ``that_may_fit``.

    Raises:
        UserError: It needs more memory than there is, or what this machine cannot do; says what it was begun with.
    """
    needed, limit = need(begun), _limit(begun)
    lacking = begun.optimizer == "adamw_8bit" and not able.eight_bit
    if not lacking and (limit is None or needed is None or needed <= limit):
        return
    layout = ", ".join(f"{name}: {getattr(begun, name)}" for name in MEASURES)
    sizes = {"needed": f"{(needed or 0) / GIBIBYTE:.2f}", "limit": "-" if limit is None else f"{limit / GIBIBYTE:.2f}"}
    message = say("guards.no_eight_bit") if lacking else say("guards.begun_larger", layout=layout, **sizes)
    raise UserError(message, say("guards.begun_larger_hint"))


@dataclass(frozen=True)
class Able:
    """Say what works with a method, a model and a machine.

    Attributes:
        checkpointing: Recomputed activations.
        chunking: The loss in chunks.
        eight_bit: An 8-bit optimizer.
        dividing: Batches of another size, of which an update learns the same.
    """

    checkpointing: bool
    chunking: bool
    eight_bit: bool
    dividing: bool = True


def layouts_of(options: TrainOptions, able: Able, need: Callable[[TrainOptions], int | None]) -> list[TrainOptions]:
    """Return the ways to lay a training out that may fit, as far as estimates know, before anything is loaded.

    Args:
        options: As planned.
        able: What works.
        need: As for ``that_may_fit``.

    Raises:
        UserError: The plan names what does not work, or nothing may fit.
    """
    if options.optimizer == "adamw_8bit" and not able.eight_bit:
        raise UserError(say("guards.no_eight_bit"), say("guards.no_eight_bit_hint"))
    if options.loss == "chunked" and not able.chunking:
        raise UserError(say("guards.no_chunks"), say("guards.no_chunks_hint"))
    rungs = list(ladder(options, able))
    return that_may_fit(rungs[:1] if options.when_too_large == "refuse" else rungs, need, _limit(options))


def _limit(options: TrainOptions) -> int | None:
    return device_bytes() if options.memory_limit_gib is None else int(options.memory_limit_gib * GIBIBYTE)


def ladder(options: TrainOptions, able: Able) -> Iterator[TrainOptions]:
    """Yield the layout itself, then what needs less memory and learns the same, from harmless to costly.

    Smaller batches with more of them for each update; recomputed activations; the loss in chunks; an optimizer with
    8-bit state. Shorter rows are never chosen here, as they lose text: that is the user's word.

    Args:
        options: As planned.
        able: What works.
    """
    if not able.dividing:
        options = options.model_copy(update={"when_room": "keep"})
    yield options
    per_update, batch = options.batch_size * options.accumulation, options.batch_size
    while able.dividing and batch > 1:
        batch = max(size for size in range(1, batch // 2 + 1) if per_update % size == 0)
        options = options.model_copy(update={"batch_size": batch, "accumulation": per_update // batch})
        yield options
    if able.checkpointing and not options.gradient_checkpointing:
        options = options.model_copy(update={"gradient_checkpointing": True})
        yield options
    if able.chunking and options.loss == "standard":
        options = options.model_copy(update={"loss": "chunked"})
        yield options
    if able.eight_bit and options.optimizer == "adamw":
        yield options.model_copy(update={"optimizer": "adamw_8bit"})


def wider(options: TrainOptions) -> TrainOptions | None:
    """Return the layout with the next larger batch and as many rows in each update; None where the batch is all of it.

    Larger batches with fewer of them for each update are the ladder's first rungs the other way round: faster where a
    device has room.
    """
    per_update = options.batch_size * options.accumulation
    size = next((size for size in range(2 * options.batch_size, per_update + 1) if per_update % size == 0), None)
    return None if size is None else options.model_copy(update={"batch_size": size, "accumulation": per_update // size})


def has_room(peak: int, rest: int, times: float, limit: int | None) -> bool:
    """Tell whether a larger batch surely fits: what a batch adds grows with it, or less.

    A CPU's memory is shared with everything else on the machine, and running out of it ends the process, so only half
    of it counts.

    Args:
        peak: What the smaller batch took at most, in bytes; 0 where the system does not tell.
        rest: What was taken before it, in bytes.
        times: How many times as large the batch is.
        limit: What there is, in bytes; None where that is unknown.
    """
    import torch

    if limit is None or not peak:
        return False
    return rest + times * (peak - rest) <= limit * (GPU_SHARE if torch.cuda.is_available() else CPU_SHARE)


def that_may_fit(
    layouts: Sequence[TrainOptions], need: Callable[[TrainOptions], int | None], limit: int | None
) -> list[TrainOptions]:
    """Return the layouts from the first one on that may fit by its estimate; nothing is loaded for those before it.

    Args:
        layouts: What ``ladder`` yields.
        need: Estimates the least memory of a layout, in bytes; None where there is no honest estimate.
        limit: What there is, in bytes; None where that is unknown.

    Raises:
        UserError: None may fit.
    """
    needed = None
    for place, layout in enumerate(layouts):
        needed = need(layout)
        if limit is None or needed is None or needed <= limit:
            return list(layouts[place:])
    raise too_large(layouts, needed, limit)


def remember_layout(folder: Path, fingerprint: str, planned: TrainOptions, found: TrainOptions) -> Tried:
    """Return and keep a layout that was chosen by its estimate alone, so that a resumed attempt has the same."""
    layout = changes(planned, found)
    return keep_layout(folder, fingerprint, found, {"layout": layout} if layout else {})


def keep_layout(folder: Path, fingerprint: str, found: TrainOptions, shown: dict[str, JsonValue]) -> Tried:
    """Write a layout beside the checkpoints, and return it with what trying it showed."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, {"fingerprint": fingerprint, "options": shown.get("layout", {}), "shown": shown})
    return Tried(found, shown)


def changes(planned: TrainOptions, found: TrainOptions) -> dict[str, JsonValue]:
    """Return the options that are not as planned."""
    pairs = {name: (getattr(planned, name), getattr(found, name)) for name in MEASURES}
    return {name: after for name, (before, after) in pairs.items() if before != after}


def too_large(layouts: Sequence[TrainOptions], needed: int | None, limit: int | None) -> UserError:
    """Return the error that says that no layout fits, and what else would help."""
    smallest = layouts[-1]
    values = {
        "needed": f"{(needed or 0) / GIBIBYTE:.2f}",
        "limit": "-" if limit is None else f"{limit / GIBIBYTE:.2f}",
        "batch": smallest.batch_size,
        "count": len(layouts),
    }
    return UserError(say("guards.too_large", **values), say("guards.too_large_hint"))
