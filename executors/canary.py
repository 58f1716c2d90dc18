"""Try the worst of a training before the long run: its heaviest batches, a validation, a checkpoint.

Nothing is learnt here: updates have a learning rate of zero, and chance is put back, so that the run that follows is
the same as without.
"""

# ruff: noqa: ANN401 - the trainer is transformers' own

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import JsonValue

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .laying_out import Tried, changes, has_room, keep_layout, too_large, wider
from .memory import PeakMemory, device_bytes
from .out_of_memory import is_out_of_memory, make_room
from .train_options import TrainOptions

WORTH = 50
"""Updates from which a training is tried out; a shorter one shows soon enough by itself."""

UPDATES = 2
"""The second one has the optimizer's state beside the activations, as all later ones."""

MICRO_BATCHES = 2
"""The second one has the first one's gradient beside it."""

CHECKPOINTS = 3
"""The newest, the best, and the one being written; each has the optimizer's two averages."""

GIBIBYTE = 2**30

Build = Callable[[TrainOptions], Any]
"""Makes the trainer of a layout."""


def is_tried(options: TrainOptions, rows: int) -> bool:
    """Tell whether a training is tried out first."""
    if options.canary != "auto":
        return options.canary == "always"
    return options.memory_limit_gib is not None or options.updates(rows) >= WORTH


def try_out(
    build: Build,
    planned: TrainOptions,
    layouts: Sequence[TrainOptions],
    limit: int | None,
    memory: PeakMemory,
    folder: Path,
    fingerprint: str,
) -> tuple[Any, Tried]:
    """Return the trainer of the first layout that fits, with what trying it showed; it is remembered in the folder.

    Args:
        build: Makes the trainer of a layout.
        planned: The layout that the plan names.
        layouts: What ``that_may_fit`` returns; one where nothing may be adapted.
        limit: Most memory in bytes; None for what the device has.
        memory: Has watched since before the model was loaded.
        folder: The checkpoints' folder.
        fingerprint: Of the training as planned.

    Raises:
        UserError: No layout fits, or the disk has no room for the checkpoints.
    """
    needed: int | None = None
    for layout in layouts:
        memory.restart()
        rest, started = memory.peak_bytes(), monotonic()
        found = _fitting(build, layout, limit, memory)
        if found is None:
            needed = memory.peak_bytes()
            continue
        if layout.when_room == "grow" and layout.batch_size == planned.batch_size:
            found = _widened(build, found, rest, limit, memory)
        saved = _save(found.trainer, folder)
        _forget(found.trainer)
        trainer = found.trainer if found.layout is found.trainer.laid_out else build(found.layout)
        shown: dict[str, JsonValue] = {
            "seconds": monotonic() - started,
            "update_seconds": found.seconds,
            "peak_memory_bytes": found.peak,
            "checkpoint_bytes": saved,
            "layout": changes(planned, found.layout),
        }
        return trainer, keep_layout(folder, fingerprint, found.layout, shown)
    raise too_large(layouts, needed, limit)


@dataclass(frozen=True)
class _Fitting:
    """Hold a layout that fits, its trainer, the seconds of an update, and the most memory it took, in bytes."""

    trainer: Any
    seconds: float
    layout: TrainOptions
    peak: int


def _fitting(build: Build, layout: TrainOptions, limit: int | None, memory: PeakMemory) -> _Fitting | None:
    trainer = build(layout)
    found = _fits(trainer, layout, limit, memory)
    if found is None:
        _forget(trainer)
        return None
    return _Fitting(trainer, *found)


def _widened(build: Build, found: _Fitting, rest: int, limit: int | None, memory: PeakMemory) -> _Fitting:
    """Return the layout with the largest batches that has room, each update with the same rows."""
    most = device_bytes() if limit is None else limit
    while (larger := wider(found.layout)) is not None:
        if not has_room(found.peak, rest, larger.batch_size / found.layout.batch_size, most):
            break
        _forget(found.trainer)
        tried = _fitting(build, larger, limit, memory)
        if tried is None:
            memory.restart()  # what did not fit is no part of the training's peak
            return replace(found, trainer=build(found.layout))
        found = tried
    return found


def _fits(
    trainer: Any, layout: TrainOptions, limit: int | None, memory: PeakMemory
) -> tuple[float, TrainOptions, int] | None:
    """Return seconds of an update, the layout, its validation batch perhaps smaller, and the most memory in bytes.

    None where it is too large.
    """
    memory.restart()
    seconds = _survives(lambda: _update(trainer, layout))
    if seconds is None or _above(memory, limit):
        return None
    peak = memory.peak_bytes()  # of the training; a validation that is tried again starts from none
    rows = trainer.eval_dataset
    batch = layout.evaluation_batch_size
    while rows:
        if _survives(lambda size=batch: _validate(trainer, size)) is not None and not _above(memory, limit):  # type: ignore[misc]
            break
        if batch == 1:
            return None
        batch //= 2
        memory.restart()
    changed = batch != layout.evaluation_batch_size
    layout = layout.model_copy(update={"evaluation_batch_size": batch}) if changed else layout
    return seconds, layout, max(peak, memory.peak_bytes())


def _survives(work: Callable[[], object]) -> float | None:
    """Return how long some work took, or None where memory ran out."""
    started = monotonic()
    try:
        work()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    return monotonic() - started


def _above(memory: PeakMemory, limit: int | None) -> bool:
    return limit is not None and memory.peak_bytes() > limit


def _update(trainer: Any, layout: TrainOptions) -> None:
    import torch

    batches = trainer.heaviest_learnt()
    model, tokens = trainer.model, trainer.tokens
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        model.train()
        optimizer = trainer.create_optimizer()
        for group in optimizer.param_groups:
            group["lr"] = 0.0
        for rows in [*batches[:1] * UPDATES, *batches[1:]]:
            for _ in range(min(MICRO_BATCHES, layout.accumulation)):
                batch = trainer._prepare_inputs(trainer.data_collator(rows))
                with trainer.accelerator.autocast():
                    loss = trainer.compute_loss(model, batch)
                _refuse_no_number(loss)
                loss.backward()
            if layout.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), layout.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    trainer.optimizer, trainer.tokens = None, tokens


def _validate(trainer: Any, batch_size: int) -> None:
    tokens = trainer.tokens
    for rows in trainer.heaviest_validated(batch_size):
        with trainer.accelerator.autocast():  # as the trainer has it once it trains
            trainer.validation(rows, batch_size)
    trainer.tokens = tokens


def _save(trainer: Any, folder: Path) -> int:
    """Save and read back what a checkpoint holds of the model, and return its bytes.

    Raises:
        UserError: The disk has no room for what will be written.
    """
    part = folder / "canary"
    try:
        trainer.save_model(str(part))
        trainer.restore(part)
        size = sum(path.stat().st_size for path in part.iterdir())
    finally:
        shutil.rmtree(part, ignore_errors=True)
    needed, free = CHECKPOINTS * 3 * size, shutil.disk_usage(folder).free
    if free < needed:
        values = {"needed": f"{needed / GIBIBYTE:.1f}", "free": f"{free / GIBIBYTE:.1f}", "path": folder}
        raise UserError(say("guards.no_room", **values), say("guards.no_room_hint"))
    return size


def _forget(trainer: Any) -> None:
    trainer.optimizer = None
    trainer.model.zero_grad(set_to_none=True)
    make_room()


def _refuse_no_number(loss: Any) -> None:
    if not bool(loss.detach().isfinite()):
        raise UserError(say("guards.no_number"), say("guards.no_number_hint"))
