"""The field's trainer, fitted to our rows: each task's loss, exact validation, checkpoints that count when whole."""

# ruff: noqa: ANN401 - the trainer's own signatures are open

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from . import checkpoints
from .adapters import load_schedule, load_trained, save_schedule, save_trained
from .batches import LengthGrouped
from .chunked_loss import chunked_answer_loss
from .heaviest import heaviest, learnt_batches
from .losses import should_stop, validated_batches, validation_loss
from .memory import PeakMemory
from .method import Schedule
from .models import computes_in_half, device
from .sharding import SETTINGS, let_cpu_share, load_optimizer, save_optimizer
from .task import Example, TaskBase
from .together import is_first, processes, wait
from .train_options import TrainOptions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainingArguments

OPTIMIZERS = {"adamw": "adamw_torch_fused", "adamw_8bit": "adamw_bnb_8bit"}

Watch = Callable[[dict[str, float]], None]
"""Receives ``step`` with ``loss`` or ``validation_loss`` as training goes on."""


def make_trainer(
    model: "PreTrainedModel",
    task: TaskBase,
    padding: int,
    rows: Sequence[Example],
    validation: Sequence[Example],
    options: TrainOptions,
    seed: int,
    folder: Path,
    fingerprint: str,
    memory: PeakMemory,
    watch: Watch,
    schedule: Schedule | None = None,
    planned: TrainOptions | None = None,
) -> Any:
    """Return transformers' Trainer, set up for a task's own loss and durable checkpoints.

    Besides what a Trainer has, it has ``measured()``; ``before``: what earlier attempts measured; and ``restore()``,
    which takes the model and the method's schedule back to a checkpoint.

    Args:
        model: The model with the method's parameters trainable.
        task: Makes batches and computes the loss.
        padding: The token to pad with.
        rows: What to learn.
        validation: What to choose the best checkpoint by; may be empty.
        options: All settings.
        seed: Decides the order of rows, and dropout.
        folder: Where checkpoints go.
        fingerprint: Stands in each checkpoint, so that none of another training is resumed.
        memory: Has watched since before the model was loaded.
        watch: Receives losses.
        schedule: What the method does besides gradient steps; None for most methods.
        planned: Settings before they were laid out to fit, whose updates learn the same rows; None for ``options``.
    """
    from transformers import Trainer
    from transformers.trainer_callback import PrinterCallback

    started, sharded = monotonic(), options.sharding == "fsdp2"
    order = _order(rows, options, planned or options, seed)

    class TaskTrainer(Trainer):
        before: Mapping[str, Any] = {"seconds": 0.0, "tokens": 0, "peak_memory_bytes": 0}
        tokens = 0
        laid_out = options
        current_gradient_accumulation_steps = options.accumulation  # the loop sets it, and trying out has no loop

        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            if options.loss == "chunked":
                with self.accelerator.autocast():  # the head computes as it does inside the model
                    loss, count = chunked_answer_loss(model, inputs)
            else:
                loss, count = task.loss(model, inputs)
            self.tokens += int(inputs["attention_mask"].sum()) * processes()  # the others read about as many
            # gradients of several processes are averaged, and the count is of all of their labels; rows without any
            # (of words that are no token, say) have a loss of zero, which nothing may be divided by
            shares, items = (1, count) if num_items_in_batch is None else (processes(), num_items_in_batch)
            loss = loss * shares / items.clamp(min=1)
            if schedule is None:
                return loss
            penalty = schedule.penalty() / self.current_gradient_accumulation_steps
            return loss + (penalty - penalty.detach())  # its gradient counts; what is shown is the task's loss alone

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return order

        def heaviest_learnt(self) -> list[Sequence[Example]]:
            return heaviest(task, learnt_batches(order, rows, options.batch_size, options.epochs))

        def heaviest_validated(self, batch_size: int) -> list[Sequence[Example]]:
            return heaviest(task, validated_batches(validation, batch_size))

        def validation(self, held: Sequence[Any], batch_size: int) -> float:
            return validation_loss(task, model, padding, held, batch_size)

        def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
            loss = self.validation(validation, options.evaluation_batch_size)
            metrics = {"eval_loss": loss}
            self.log(metrics)
            self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
            return metrics

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # counting all parameters at each step costs more than a small model's step

        def create_accelerator_and_postprocess(self) -> None:
            if sharded:
                let_cpu_share()
            super().create_accelerator_and_postprocess()

        def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
            Path(str(output_dir)).mkdir(parents=True, exist_ok=True)
            save_trained(self.model, Path(str(output_dir)))
            if schedule is not None and is_first():
                save_schedule(schedule, Path(str(output_dir)))

        def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
            if sharded:
                save_optimizer(self, Path(output_dir))
            else:
                super()._save_optimizer_and_scheduler(output_dir)

        def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
            if sharded and checkpoint is not None:
                load_optimizer(self, Path(checkpoint))
            else:
                super()._load_optimizer_and_scheduler(checkpoint)

        def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
            self.restore(Path(resume_from_checkpoint))

        def restore(self, checkpoint: Path) -> None:
            load_trained(self.model, checkpoint)
            if schedule is not None:
                load_schedule(schedule, checkpoint)

        def measured(self) -> dict[str, float]:
            return {
                "seconds": self.before["seconds"] + monotonic() - started,
                "tokens": self.before["tokens"] + self.tokens,
                "peak_memory_bytes": max(self.before["peak_memory_bytes"], memory.peak_bytes()),
            }

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            super()._save_checkpoint(model, trial)
            wait()  # each process keeps its own state of chance
            if is_first():
                step = self.state.global_step
                checkpoint = checkpoints.checkpoint_folder(folder, step)
                checkpoints.seal(checkpoint, {"fingerprint": fingerprint, **self.measured()})
                checkpoints.prune(folder, {step, self.state.best_global_step or step})
            wait()

    trainer = TaskTrainer(
        model=model,
        args=_arguments(options, seed, folder, len(rows), bool(validation)),
        train_dataset=rows,
        eval_dataset=validation or None,
        data_collator=lambda batch: task.collate_anew(batch, padding, order.epoch),
    )
    trainer.model_accepts_loss_kwargs = True  # our loss divides by the tokens of all accumulated batches
    trainer._loss_shifts_labels = False
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    trainer.add_callback(_watcher(options, watch))
    if schedule is not None:
        trainer.add_callback(_caller(schedule))
    return trainer


def _order(rows: Sequence[Example], options: TrainOptions, planned: TrainOptions, seed: int) -> LengthGrouped:
    together = options.batch_size * options.accumulation * options.processes
    other = planned.batch_size != options.batch_size
    return LengthGrouped([len(row) for row in rows], planned.batch_size, seed, together if other else None)


def _arguments(options: TrainOptions, seed: int, folder: Path, rows: int, validated: bool) -> "TrainingArguments":
    from transformers import TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        gradient_accumulation_steps=options.accumulation,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=options.warmup_steps(rows),
        weight_decay=options.weight_decay,
        max_grad_norm=options.clip,
        optim=OPTIMIZERS[options.optimizer],
        bf16=computes_in_half(options),
        use_cpu=device().type == "cpu",  # otherwise it refuses bfloat16 there
        seed=seed,
        eval_strategy="steps" if validated else "no",
        save_strategy="steps",
        eval_steps=options.check_every(rows),
        save_steps=options.check_every(rows),
        metric_for_best_model="loss" if validated else None,
        greater_is_better=False if validated else None,
        logging_steps=1,
        logging_nan_inf_filter=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
        use_liger_kernel=options.kernels == "liger",
        liger_kernel_config={"cross_entropy": False, "fused_linear_cross_entropy": False},  # the loss is the task's
        fsdp=options.sharding == "fsdp2",  # type: ignore[arg-type]
        fsdp_config=dict(SETTINGS) if options.sharding == "fsdp2" else None,
        log_level="error",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # DataParallel would split batches; more devices need accelerate
    return arguments


def _watcher(options: TrainOptions, watch: Watch) -> Any:
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if "loss" in logs:
                _refuse_divergence(logs["loss"], state.global_step, options.learning_rate)
                watch({"step": state.global_step, "loss": logs["loss"], "learning_rate": logs["learning_rate"]})
            if "eval_loss" in logs:
                watch({"step": state.global_step, "validation_loss": logs["eval_loss"]})

        def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_training_stop |= should_stop(state.log_history, options.patience)

    return Watcher()


def _caller(schedule: Schedule) -> Any:
    from transformers import TrainerCallback

    class Caller(TrainerCallback):
        def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            schedule.after_update(state.global_step + 1)  # the state counts an update after this

    return Caller()


def _refuse_divergence(loss: float, step: int, rate: float) -> None:
    if loss != loss or loss in {float("inf"), float("-inf")}:
        raise UserError(say("training.diverged", step=step), say("training.diverged_hint", rate=rate))
