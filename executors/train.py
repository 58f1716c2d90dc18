"""Fine-tune a model on the rows of a task, and measure what it took."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .adapters import save_adapter
from .audit import tell_audit
from .canary import Build, is_tried, try_out
from .checkpoints import checkpoint_folder, newest_whole, prune
from .chunked_loss import has_plain_head, refuse_other_loss
from .device_name import machine_name
from .encoded import encoded
from .estimate.history import remember
from .estimate.request import EstimateRequest
from .expected import expected_memory, expected_tensors, least_memory, request_for, request_of
from .freed_memory import is_returned, return_freed_memory
from .general import forgetting, general_loss, unseen
from .guard import advice
from .heads import head_shape
from .heaviest import largest_shape
from .laying_out import Able, Tried, layouts_of, refuse_smaller_device, remember_layout, remembered
from .losses import should_stop
from .memory import PeakMemory
from .method import MethodModule, MethodOptions, keeps_float32, method_module, schedule_of
from .models import context_length, device, load_config, load_model, load_tokenizer, require
from .plan import ModelSource
from .recomputing import recompute_activations
from .refusals import (
    longest_row,
    refuse_impossible,
    refuse_kernels,
    refuse_mixed,
    refuse_slow,
    refuse_unmade_kernels,
    room,
)
from .result_readme import learnt
from .sharding import refuse_unshared, use_one_table, whole_state
from .task import LANGUAGE_MODEL, Example, Known, Learning, ReadRow, TaskOptions, task_class
from .together import is_first, processes, wait
from .trackers import Tracker, refuse_missing, tracker_callback
from .train_options import TrainOptions
from .trainer import make_trainer
from .vocabulary import grow_model, grow_tokenizer, grown_config, refuse_growth, told
from .watching import Watcher, guarding

Event = Callable[..., None]


@dataclass(frozen=True)
class Training:
    """Describe one fine-tuning.

    Attributes:
        name: What people call it, such as ``combined``.
        base: The model to start from.
        method: A fine-tuning method's id.
        method_options: The method's own options.
        options: Settings shared by all methods.
        seed: Decides the order of rows, dropout and fresh weights.
        max_length: Longest row, in tokens; None for what the model can read.
        leave_out_longer: Train without longer rows instead of refusing.
        passages: Whether passages were put into the rows, which could be fewer or shorter.
        adapter: Folder of the result.
        checkpoints: Folder of the checkpoints; may hold some of an interrupted attempt.
        task: What is learnt.
        task_options: The task's own options.
        known: What ``TaskBase.study`` found in the rows to learn from.
        new_tokens: Words that get a token of their own.
        general: Texts that show what is forgotten; empty to leave that out.
        tracker: Other tool that follows.
        tracked: Folder of the tracker's files; None for none.
    """

    name: str
    base: ModelSource
    method: str
    method_options: MethodOptions
    options: TrainOptions
    seed: int
    max_length: int | None
    leave_out_longer: bool
    adapter: Path
    checkpoints: Path
    task: str = "causal_lm"
    task_options: TaskOptions = field(default_factory=TaskOptions)
    known: Known = field(default_factory=dict)
    new_tokens: tuple[str, ...] = ()
    general: tuple[str, ...] = ()
    passages: bool = False
    tracker: Tracker = "none"
    tracked: Path | None = None


def train(
    training: Training,
    rows: Sequence[ReadRow],
    validation: Sequence[ReadRow],
    progress: Progress,
    event: Event,
) -> dict[str, JsonValue]:
    """Train, going on from the last whole checkpoint if there is one, and save the best state as the adapter.

    Args:
        training: What to do.
        rows: Rows to learn, as the task reads them.
        validation: Rows to choose the best state by; may be empty, then the last state is the result.
        progress: Receives how far the training is.
        event: Receives ``loss`` and ``validation_loss`` as they are measured.

    Returns:
        What was measured: sizes, time, memory, loss curves, and where the adapter is.

    Raises:
        UserError: The model cannot be loaded, rows are too long, or training diverged.
    """
    require("peft")
    refuse_missing(training.tracker)
    progress(say("training.reading"), 0, None)
    method = method_module(training.method)
    base = _base(training, method)
    refuse_unshared(training.options, training.method, base, training.new_tokens)
    refuse_kernels(training.options)
    shared = training.options.sharding != "none"
    tokenizer = load_tokenizer(base.source, base.revision, progress)
    task = task_class(training.task)(training.task_options, training.known)
    refuse_slow(tokenizer, training.task, task)
    loader = task.loader(tokenizer)
    bare_config = load_config(base)
    refuse_unmade_kernels(training.options, bare_config.model_type)
    refuse_mixed(training.options, base, training.method, bare_config.model_type)
    refuse_growth(training.new_tokens, training.method, bare_config.model_type)
    pieces = grow_tokenizer(tokenizer, training.new_tokens)
    refuse_impossible(base, loader, training.method, method, training.method_options)
    virtual_tokens = getattr(training.method_options, "virtual_tokens", 0)
    readable = room(bare_config, context_length(base), virtual_tokens)
    limit = longest_row(training.max_length, bare_config, readable)
    learned, left_out = encoded(task, tokenizer, rows, limit, training.leave_out_longer, training.passages)
    checked, _ = encoded(task, tokenizer, validation, limit, training.leave_out_longer, training.passages)
    fingerprint = _fingerprint(training, learned, checked)
    config = load_config(base, loader)
    shape = {
        **largest_shape(task, learned, training.options, training.seed),
        **head_shape(loader.auto, config.num_labels),
    }
    if training.method != "full":  # which trains all rows, and the config says how many
        shape["added_tokens"] = len(pieces)
    config = grown_config(config, pieces)

    def request_of_layout(options: TrainOptions) -> EstimateRequest | None:
        return request_for(config, base, training.method, training.method_options, options, shape)

    able = Able(
        checkpointing=method.CHECKPOINTING,
        chunking=task.AUTO == LANGUAGE_MODEL and has_plain_head(config) and not shared,
        eight_bit=device().type == "cuda" and not shared,
        dividing=task.divisible,
    )

    def need(layout: TrainOptions) -> int | None:
        return least_memory(request_of_layout(layout))

    checkpoint = newest_whole(training.checkpoints, fingerprint)  # once, as it is read whole
    begun = _begun(training, fingerprint) if checkpoint else None
    if begun is not None:
        refuse_smaller_device(begun.options, able, need)
    layouts = [begun.options] if begun else layouts_of(training.options, able, need)
    memory = PeakMemory()
    require("transformers").set_seed(training.seed)
    bare = load_model(base, progress, loader, "cpu" if shared else "")  # no device may have room for all of it
    grow_model(bare, pieces)
    if shared:
        use_one_table(bare)
    fitted = task.begin(Learning(bare, tokenizer.pad_token_id, training.options, training.seed, progress), learned)
    before = general_loss(bare, tokenizer, training.general) if training.general and not shared else None
    model = method.attach(bare, training.method_options)
    if training.options.gradient_checkpointing:
        recompute_activations(model)
    request = request_of(model, base, training.method, training.method_options, training.options, shape)
    if is_returned(expected_tensors(request)):
        return_freed_memory()
    updates, warmup = training.options.updates(len(learned)), training.options.warmup_steps(len(learned))
    watch = Watcher(training.name, updates, training.options, progress, event, fitted=fitted, uneven=task.uneven)
    if left_out:
        watch.tell(advice("left_out", count=left_out, total=len(rows), limit=limit))
    tell_audit(watch, model, tokenizer, rows, learned)
    if training.general and before is None and not shared:
        watch.tell(unseen(config, tokenizer))

    def build(options: TrainOptions) -> Any:  # noqa: ANN401 - see make_trainer
        if options.gradient_checkpointing and not training.options.gradient_checkpointing:
            recompute_activations(model)
        if options.loss == "chunked":
            refuse_other_loss(model, task.collate(learned[:1], tokenizer.pad_token_id))
        schedule = schedule_of(method, model, training.method_options, updates)
        return make_trainer(
            model,
            task,
            tokenizer.pad_token_id,
            learned,
            checked,
            options,
            training.seed,
            training.checkpoints,
            fingerprint,
            memory,
            watch,
            schedule,
            training.options,
        )

    trainer, tried = _tried(training, build, layouts, len(learned), memory, fingerprint, progress, begun)
    request = request_of_layout(tried.options) if tried.adapted else request
    watch.expected = expected_memory(request) if request else None
    if tried.shown:
        event("canary", name=training.name, estimated_memory_bytes=watch.expected, **tried.shown)
    watch.measured = trainer.measured
    trainer.add_callback(guarding(watch, warmup))
    _track(training, trainer, watch)
    _train_or_resume(training, trainer, checkpoint)
    measured = trainer.measured()
    _take_best(training, trainer)
    state = whole_state(model) if shared else None
    if is_first():
        kept = _about(training) | told(training.new_tokens, pieces) | learnt(trainer.state.log_history, len(learned))
        save_adapter(model, tokenizer, training.adapter, base, training.method, kept, state)
    alone = processes() == 1 and not tried.adapted  # as the estimate was asked for
    if request and watch.expected and measured["peak_memory_bytes"] and alone:
        remember(request, watch.expected, int(measured["peak_memory_bytes"]), machine_name(device().type))
    advised = watch.advised(trainer.state.log_history, warmup)
    found = _report(training, trainer.state, model, learned) | {
        **measured,
        "tokens_per_second": measured["tokens"] / measured["seconds"],
        "estimated_memory_bytes": watch.expected,
        "canary": tried.shown,
    }
    after = general_loss(model, tokenizer, training.general) if before is not None else None
    if before is not None and after is not None:
        found["general_loss"] = {"before": before, "after": after}
        advised += forgetting(before, after)
    return found | {"advice": [asdict(one) for one in advised]}


def _begun(training: Training, fingerprint: str) -> Tried:
    """Return how an interrupted attempt that left a checkpoint is laid out."""
    return remembered(training.checkpoints, fingerprint, training.options) or Tried(training.options, {})


def _tried(
    training: Training,
    build: Build,
    layouts: Sequence[TrainOptions],
    rows: int,
    memory: PeakMemory,
    fingerprint: str,
    progress: Progress,
    known: Tried | None,
) -> tuple[Any, Tried]:
    """Return the trainer laid out so that it fits, as an interrupted attempt began or as trying it shows."""
    options = training.options
    if known is None and (not is_tried(options, rows) or processes() > 1):
        known = remember_layout(training.checkpoints, fingerprint, options, layouts[0])
    if known is not None:
        return build(known.options), known
    progress(say("training.trying"), 0, None)
    limit = None if options.memory_limit_gib is None else int(options.memory_limit_gib * 2**30)
    return try_out(build, options, layouts, limit, memory, training.checkpoints, fingerprint)


def _track(training: Training, trainer: Any, watch: Watcher) -> None:  # noqa: ANN401 - see make_trainer
    if training.tracked is None or not is_first():
        return
    callback, told = tracker_callback(training.tracker, training.tracked, training.name)
    if callback is not None:
        watch.event("tracker", name=training.name, text=told)
        trainer.add_callback(callback)
    elif told:
        watch.tell(advice("no_tensorboard"))


def _base(training: Training, method: MethodModule) -> ModelSource:
    """Return the base model stored as the method needs it, in float32 where its own weights are trained, or compute.

    Raises:
        UserError: The plan's choices exclude each other.
    """
    base, wanted = training.base, training.base.quantisation
    if base.dtype == "auto" and (keeps_float32(method) or training.options.precision == "float32"):
        base = base.model_copy(update={"dtype": "float32"})
    if training.options.gradient_checkpointing and not method.CHECKPOINTING:
        message = say("training.no_checkpointing", method=training.method)
        raise UserError(message, say("training.no_checkpointing_hint"), {"gradient_checkpointing": False})
    if wanted in method.BASES:
        return base
    if wanted == "none":
        return base.model_copy(update={"quantisation": method.BASES[0]})
    allowed = ", ".join(method.BASES)
    message = say("training.no_such_base", method=training.method, quantisation=wanted, allowed=allowed)
    raise UserError(message, say("training.no_such_base_hint"))


def _train_or_resume(
    training: Training,
    trainer: Any,  # noqa: ANN401 - see make_trainer
    found: tuple[Path, Mapping[str, JsonValue]] | None,
) -> None:
    if found is None:
        wait()  # until all have looked
        if is_first():
            prune(training.checkpoints, set())
        trainer.train()
        return
    checkpoint, trainer.before = found
    state = trainer.state.load_from_json(str(checkpoint / "trainer_state.json"))
    if state.global_step >= state.max_steps or should_stop(state.log_history, training.options.patience):
        trainer.state = state  # only the result was not written yet
        trainer.restore(checkpoint)
        return
    trainer.train(resume_from_checkpoint=str(checkpoint))


def _take_best(training: Training, trainer: Any) -> None:  # noqa: ANN401 - see make_trainer
    best = trainer.state.best_global_step
    if best and best != trainer.state.global_step:
        trainer.restore(checkpoint_folder(training.checkpoints, best))


def _about(training: Training) -> dict[str, JsonValue]:
    """Return what a result has to say about its task."""
    return {"task": training.task, "task_options": training.task_options.model_dump(), "known": training.known}


def _fingerprint(training: Training, rows: Sequence[Example], validation: Sequence[Example]) -> str:
    settings = [training.base, training.method_options, training.options, training.task_options]
    told = [
        training.task,
        training.known,
        training.method,
        training.seed,
        list(training.new_tokens),
        *(record.model_dump_json() for record in settings),
    ]
    digest = hashlib.sha256(json.dumps([told, len(rows)]).encode())
    for row in chain(rows, validation):  # one by one, as a text of all tokens would be as large as they are
        digest.update(_written(row))
    return digest.hexdigest()


def _written(row: Example) -> bytes:
    """Return a row as JSON, its compact numbers as lists."""
    values = {one.name: getattr(row, one.name) for one in fields(cast("Any", row))}
    return json.dumps(values, default=lambda numbers: numbers.tolist()).encode()


def _report(training: Training, state: Any, model: Any, rows: Sequence[Example]) -> dict[str, JsonValue]:  # noqa: ANN401
    history = state.log_history
    sizes = [(value.numel(), value.requires_grad) for value in model.parameters()]
    return {
        "name": training.name,
        "task": training.task,
        "method": training.method,
        "rows": len(rows),
        "trainable_parameters": sum(size for size, trained in sizes if trained),
        "total_parameters": sum(size for size, _ in sizes),
        "steps": state.global_step,
        "best_step": state.best_global_step or state.global_step,
        "loss": [[entry["step"], entry["loss"]] for entry in history if "loss" in entry],
        "validation_loss": [[entry["step"], entry["eval_loss"]] for entry in history if "eval_loss" in entry],
        "adapter": str(training.adapter),
    }
