"""Step ``train``: fine-tune the plan's model on the rows of a task and keep the adapter."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator

from ...knowledge.durable import write_text
from ...knowledge.problems import problems_of
from ..general import ASKED, GENERAL, read_general, replayed
from ..holding_out import hold_out
from ..method import MethodOptions, method_ids, method_module
from ..practice import read_practised
from ..raw_rows import read_raw
from ..step import OutputName, Result, StepContext, StepOptions
from ..task import ReadRow, TaskOptions, task_class
from ..together import is_first, processes
from ..trackers import Tracker
from ..train_options import TrainOptions


class _Task(StepOptions):
    """Say what is trained, how, and on what; stands before the settings in a plan file."""

    inputs: ClassVar = ("train", "validation", "general", "replay")
    rows: ClassVar = {"train": "learn", "validation": "choose", "replay": "learn"}
    needs_model: ClassVar = True

    kind: Literal["train"] = "train"
    name: str = Field(min_length=1, description="what this fine-tuning is called in the report")
    task: str = Field("causal_lm", description="what is learnt, which says what rows look like")
    task_options: SerializeAsAny[TaskOptions] = Field(
        default_factory=TaskOptions, validate_default=True, description="the task's own options"
    )
    method: str = Field("lora", description="fine-tuning method")
    method_options: SerializeAsAny[MethodOptions] = Field(
        default_factory=MethodOptions, validate_default=True, description="the method's own options"
    )
    train: str = Field(min_length=1, description="JSONL or CSV rows of the task")
    validation: str | None = Field(None, description="rows to choose the best state by; null takes the last state")
    new_tokens: tuple[str, ...] = Field((), description="words of the domain that get a token of their own")
    held_out: float | None = Field(None, gt=0, lt=1, description="share of the rows to measure on instead")
    validation_share: float | None = Field(
        None, gt=0, lt=1, description="share of the rows to choose the best state by where validation is null"
    )
    output: OutputName = Field(description="where the adapter is kept in the run")
    max_length: int | None = Field(None, ge=8, description="longest row in tokens; null for what the model can read")
    too_long: Literal["refuse", "leave_out"] = Field("refuse", description="what to do with longer rows")
    general: str | None = Field(GENERAL, description="texts whose loss shows what is forgotten; null leaves that out")
    replay: str | None = Field(None, description="rows about anything else to practise along, against forgetting")
    replay_share: float = Field(0.1, ge=0, lt=1, description="share of all rows that are rows to practise along")
    tracker: Tracker = Field("tensorboard", description="tool that follows: tensorboard, wandb or none")


class Options(TrainOptions, _Task):
    """Describe one fine-tuning; a learning rate that is not named is the method's own."""

    @model_validator(mode="before")
    @classmethod
    def _learns_at_the_methods_rate(cls, values: Any) -> Any:  # noqa: ANN401 - whatever a file or a caller holds
        if isinstance(values, dict) and values.get("method", "lora") in method_ids():
            return {"learning_rate": method_module(values.get("method", "lora")).LEARNING_RATE} | values
        return values

    @field_validator("task")
    @classmethod
    def _can_be_learnt(cls, task: str) -> str:
        task_class(task)
        return task

    @field_validator("task_options", mode="before")
    @classmethod
    def _of_its_task(cls, values: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever a file holds
        if "task" not in info.data:  # that is reported already
            return TaskOptions()
        return _parsed(task_class(info.data["task"]).Options, values)

    @field_validator("method")
    @classmethod
    def _can_run(cls, method: str) -> str:
        method_module(method)
        return method

    @field_validator("method_options", mode="before")
    @classmethod
    def _of_its_method(cls, values: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever a file holds
        if "method" not in info.data:  # that is reported already
            return MethodOptions()
        return _parsed(method_module(info.data["method"]).Options, values)


def parted(rows: Sequence[ReadRow], options: Options, seed: int) -> tuple[Sequence[ReadRow], Sequence[ReadRow]]:
    """Return the rows that are trained on, and those that are held out for a step ``measure``."""
    return (rows, []) if options.held_out is None else hold_out(rows, options.held_out, seed)


def _kept(held: Sequence[ReadRow], path: Path, options: Options, context: StepContext) -> Result:
    """Write the rows that were held out as a file of their own, with all that theirs says of them.

    A folder of documents has no rows; a step ``measure`` holds out the same of it.
    """
    lines = {row.line for row in held}
    rows = [row.values for row in read_raw(path)[0] if row.line in lines] if held and path.is_file() else []
    if not rows:
        return {}
    kept = context.output(f"{options.output}.held_out.jsonl")
    if is_first():
        write_text(kept, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return {"held_out": {"rows": len(rows), "path": str(kept)}}


def _validated(
    rows: Sequence[ReadRow], options: Options, context: StepContext
) -> tuple[Sequence[ReadRow], Sequence[ReadRow]]:
    """Return the rows to learn from, and those to choose the best state by."""
    if options.validation is not None:
        return rows, task_class(options.task).read(context.input(options.validation), context.plan.prompt)
    if options.validation_share is None:
        return rows, []
    return hold_out(rows, options.validation_share, context.seed + 1)


def _parsed(kind: type[BaseModel], values: Any) -> BaseModel:  # noqa: ANN401 - whatever a file holds
    """Return options of their kind, with problems told as part of the step's."""
    given = values.model_dump() if isinstance(values, BaseModel) else values
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise ValueError("; ".join(problem.said() for problem in problems_of(error))) from error


def execute(options: Options, context: StepContext) -> Result:
    """Train, or go on with an interrupted training."""
    from ..train import Training, train

    if options.processes > processes():
        from ..launch import launch

        return launch(context, options.processes)
    task, path = task_class(options.task), context.input(options.train)
    rows, held = parted(task.read(path, context.plan.prompt), options, context.seed)
    known = task.study(rows, path)
    rows, validation = _validated(rows, options, context)
    if options.replay:
        practised = read_practised(
            context.input(options.replay), task(options.task_options, known), context.plan.prompt
        )
        rows = replayed(rows, practised, options.replay_share, context.seed)
    writes = task.AUTO in ASKED
    training = Training(
        name=options.name,
        task=options.task,
        task_options=options.task_options,
        known=known,
        new_tokens=options.new_tokens,
        base=context.model,
        method=options.method,
        method_options=options.method_options,
        options=TrainOptions.model_validate(options.model_dump(include=set(TrainOptions.model_fields))),
        seed=context.seed,
        max_length=options.max_length,
        leave_out_longer=options.too_long == "leave_out",
        passages=bool(context.results("build_examples")),
        adapter=context.output(options.output),
        checkpoints=context.checkpoints,
        general=tuple(read_general(context.input(options.general))) if writes and options.general else (),
        tracker=options.tracker,
        tracked=context.run_folder / "tensorboard" / options.output,
    )
    result = train(training, rows, validation, context.progress, context.event)
    return result | _kept(held, path, options, context)
