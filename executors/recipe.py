"""A fine-tuning step with all that another tool needs to do the same: model, rows, adapter, settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..knowledge.builtin import BUILTIN, builtin_path
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .data import Conversation, read_conversations
from .estimate.methods.find import weights_of
from .plan import ModelSource, Plan
from .step import input_path
from .steps.train import Options
from .train_options import TrainOptions

TASK = "causal_lm"
LORA = ("lora", "qlora")
OURS = ("held_out", "validation_share", "replay", "new_tokens")
"""Options of the step that other tools know nothing of."""


@dataclass(frozen=True)
class Recipe:
    """Hold one fine-tuning.

    Attributes:
        model: Hub id, or a folder with its whole path.
        method: A fine-tuning method.
        own: The method's own options by name.
        options: Settings that all methods share.
        rows: Conversations to learn; the last message of each is the answer.
        validation: Conversations to choose the best state by; may be empty.
        max_length: Longest row in tokens; None where the plan leaves it to the model.
    """

    model: str
    revision: str | None
    quantisation: str
    method: str
    own: dict[str, Any]
    options: TrainOptions
    rows: Sequence[Conversation]
    validation: Sequence[Conversation]
    max_length: int | None
    seed: int

    @property
    def half(self) -> bool:
        """Whether it computes in bfloat16, as it does on a GPU unless the plan says otherwise."""
        return self.options.precision != "float32"

    @property
    def wide(self) -> bool:
        """Whether the weights are kept in float32: where they are trained, or nothing computes in 16 bits."""
        return not self.half or weights_of(self.method) == "fp32"

    @property
    def alpha(self) -> int | float:
        """LoRA's alpha as the tools read it: a whole number where it is one."""
        alpha = float(self.own.get("alpha", 32))
        return int(alpha) if alpha.is_integer() else alpha

    @property
    def shared(self) -> dict[str, Any]:
        """Settings that transformers' TrainingArguments know, under its names."""
        options, rows = self.options, len(self.rows)
        checked: dict[str, Any] = {"save_strategy": "steps", "save_steps": options.check_every(rows)}
        if self.validation:
            checked |= {"eval_strategy": "steps", "eval_steps": options.check_every(rows)}
            checked |= {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss"}
            checked |= {"greater_is_better": False, "per_device_eval_batch_size": options.evaluation_batch_size}
        return {
            "num_train_epochs": options.epochs,
            "per_device_train_batch_size": options.batch_size,
            "gradient_accumulation_steps": options.accumulation,
            "learning_rate": options.learning_rate,
            "lr_scheduler_type": "cosine",
            "warmup_steps": options.warmup_steps(rows),
            "weight_decay": options.weight_decay,
            "max_grad_norm": options.clip,
            "optim": "adamw_torch_fused" if options.optimizer == "adamw" else "adamw_8bit",
            "bf16": self.half,
            "logging_steps": 1,
            "save_total_limit": 2,
            "seed": self.seed,
            "output_dir": "output",
            "report_to": "none",
            **checked,
        }


def recipe_of(plan: Plan, plan_path: Path) -> Recipe:
    """Return the plan's first fine-tuning of a language model.

    Raises:
        UserError: There is none, its rows are made by an earlier step, or the trainer does something to them that the
            other tools would leave out.
    """
    for number, step in enumerate(plan.steps):
        if isinstance(step, Options) and step.task == TASK and plan.model is not None:
            folder = plan_path.parent
            places = [input_path(name, plan.steps[:number], folder) for name in (step.train, step.validation)]
            if places[0] is None or (step.validation and places[1] is None):
                raise UserError(say("exports.made_rows", rows=step.train), say("exports.made_rows_hint"))
            undone = [name for name in OURS if getattr(step, name)]
            if step.too_long == "leave_out":  # other tools cut such rows, and their answers lose their end
                undone.append("too_long")
            if step.method in LORA and getattr(step.method_options, "start", "default") != "default":
                undone.append("method_options.start")
            if undone:
                raise UserError(say("exports.ours", options=", ".join(undone)), say("exports.ours_hint"))
            read = [read_conversations(place, plan.prompt) if place else [] for place in places]
            return _recipe(plan, plan.model, step, folder, read[0], read[1])
    raise UserError(say("exports.no_training", path=plan_path), say("exports.no_training_hint"))


def _recipe(
    plan: Plan,
    model: ModelSource,
    step: Options,
    folder: Path,
    rows: Sequence[Conversation],
    validation: Sequence[Conversation],
) -> Recipe:
    return Recipe(
        model=_place(model.source, folder),
        revision=model.revision,
        quantisation="nf4" if step.method == "qlora" else model.quantisation,
        method=step.method,
        own=step.method_options.model_dump(),
        options=TrainOptions.model_validate(step.model_dump(include=set(TrainOptions.model_fields))),
        rows=rows,
        validation=validation,
        max_length=step.max_length,
        seed=plan.seed,
    )


def _place(source: str, folder: Path) -> str:
    if source.startswith(BUILTIN):
        return str(builtin_path(f"{source}_model"))
    if source.startswith("modelscope:"):
        raise UserError(say("exports.modelscope", source=source), say("exports.modelscope_hint"))
    places = [folder / source, Path(source).expanduser()]  # as the run looks for it; the tool runs elsewhere
    local = next((place for place in places if (place / "config.json").is_file()), None)
    return str(local.resolve()) if local else source
