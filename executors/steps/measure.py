"""Step ``measure``: ask a fine-tuned model about held-out rows of its task, with the task's own metrics."""

from time import monotonic
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..step import OutputName, Result, StepContext, StepOptions
from ..task import Asking, ReadRow, task_class
from .train import Options as TrainStep
from .train import parted


class Options(StepOptions):
    """Describe what is measured, and on what."""

    inputs: ClassVar = ("adapter", "test")
    rows: ClassVar = {"test": "measure"}
    needs_model: ClassVar = True

    kind: Literal["measure"] = "measure"
    name: str = Field("finetuned", min_length=1, description="what the fine-tuned model is called in the report")
    task: str = Field(description="the task that the model was trained for")
    adapter: str = Field(min_length=1, description="what a step train has made")
    test: str | None = Field(None, description="rows that training never saw; null takes those that it held out")
    batch_size: int = Field(16, ge=1, description="rows read at a time")
    output: OutputName = Field("answers", description="where the answers are kept in the run")

    @field_validator("task")
    @classmethod
    def _can_be_learnt(cls, task: str) -> str:
        task_class(task)
        return task


def execute(options: Options, context: StepContext) -> Result:
    """Ask, keep the answers, and compare them with what is right."""
    from ..adapters import adapted_tokenizer, load_adapted, task_of
    from ..models import context_length, load_config, load_model, load_tokenizer
    from ..refusals import room

    folder = context.input(options.adapter)
    task = task_of(folder)
    rows = _rows(options, context)
    tokenizer = adapted_tokenizer(context.model, folder, context.progress)
    plain = load_tokenizer(context.model.source, context.model.revision, context.progress)
    config, most, base = load_config(context.model), context_length(context.model), None

    def asked(model: Any, tokenizer: Any) -> Asking:  # noqa: ANN401 - with or without an adapter
        adapters = getattr(model, "peft_config", {}).values()
        limit = room(config, most, max((getattr(one, "num_virtual_tokens", 0) or 0 for one in adapters), default=0))
        return Asking(model, tokenizer, rows, limit, options.batch_size, context.progress)

    if task.COMPARABLE:
        base = task.answers(asked(load_model(context.model, context.progress, task.loader(plain)), plain))
    model = load_adapted(context.model, folder, context.progress)
    start = monotonic()
    answers = task.answers(asked(model, tokenizer))
    seconds = monotonic() - start
    context.own_output.mkdir(parents=True, exist_ok=True)
    return _told(options, len(rows), seconds, task.measured(rows, answers, base, context))


def _told(options: Options, rows: int, seconds: float, measured: Result) -> Result:
    """Return what the report reads: a classifier's measures as they are, all others as a comparison of arms."""
    if "per_class" in measured:
        told: Result = {"name": options.name, "classifier": options.task, "chosen": {}, "warnings": []}
        return {**told, "seconds": {"answer": seconds}, **measured}
    arms = {name: measured[key] for name, key in (("base", "base"), (options.name, "metrics")) if key in measured}
    differences = measured.get("differences", {})
    told = {"rows": rows, "arms": arms, "differences": differences, "seconds": {options.name: seconds}}
    return {**told, "signatures": measured.get("signatures", {})}


def _rows(options: Options, context: StepContext) -> "list[ReadRow]":
    """Return the rows to measure on.

    Raises:
        UserError: There are none.
    """
    task = task_class(options.task)
    if options.test is not None:
        return list(task.read(context.input(options.test), context.plan.prompt))
    made = [step for step in context.plan.steps if isinstance(step, TrainStep) and step.output == options.adapter]
    held = [
        row
        for step in made[-1:]
        for row in parted(task.read(context.input(step.train), context.plan.prompt), step, context.seed)[1]
    ]
    if not held:
        raise UserError(say("training.none_held_out", adapter=options.adapter), say("training.none_held_out_hint"))
    return held
