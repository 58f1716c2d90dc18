"""Gather what the steps returned into one report."""

import json

from ..step import StepContext
from .next_steps import next_steps
from .record import Evaluation, Measured, Report, StepTime, Training

PATH_ARMS = {"rag+finetune": "combined", "finetune": "finetuned", "rag": "rag", "prompting": "prompting"}
COMPARED = "combined"
"""Which arm a plan is about, by the start of its label; the first one that was compared counts."""


def build_report(context: StepContext) -> Report:
    """Return the report of the steps that are done, in the current language."""
    evaluation = _evaluation(context)
    training = [Training.model_validate(found.result) for found in context.results("train")]
    arm = main_arm(context.plan.label, evaluation)
    arms = evaluation.arms if evaluation else {}
    return Report(
        plan=context.plan.model_dump(mode="json"),
        status="finished" if context.number == len(context.plan.steps) else "running",
        estimated=_estimated(training),
        measured=Measured(steps=_times(context), training=training),
        arm=arm,
        metrics={"test": arms[arm]} if arm else {},
        baselines={name: metrics for name, metrics in arms.items() if name != arm},
        differences=evaluation.differences if evaluation else {},
        evaluation=evaluation,
        artefacts=_artefacts(context),
        next=next_steps(arm, evaluation, training),
        environment=json.loads((context.run_folder / "environment.json").read_bytes()),
    )


def _evaluation(context: StepContext) -> Evaluation | None:
    found = context.results("evaluate")
    if not found:
        return None
    evaluation = Evaluation.model_validate(found[-1].result)
    if main_arm(context.plan.label, evaluation) == COMPARED:
        return evaluation
    return evaluation.model_copy(update={"differences": {}})  # they are not about this plan's arm


def main_arm(label: str, evaluation: Evaluation | None) -> str | None:
    """Return the arm that a plan with this label is about, or the last one that was compared, or None."""
    if evaluation is None:
        return None
    for start, arm in PATH_ARMS.items():
        if label.startswith(start) and arm in evaluation.arms:
            return arm
    return list(evaluation.arms)[-1]


def _estimated(training: list[Training]) -> dict[str, dict[str, int]]:
    known = {found.name: found.estimated_memory_bytes for found in training}
    return {"memory_bytes": {name: count for name, count in known.items() if count is not None}}


def _times(context: StepContext) -> list[StepTime]:
    return [
        StepTime(
            number=found.number,
            kind=found.options.kind,
            name=getattr(found.options, "name", None),
            seconds=found.seconds,
        )
        for found in context.earlier
    ]


def _artefacts(context: StepContext) -> list[str]:
    outputs = [getattr(found.options, "output", None) for found in context.earlier]
    return [str(context.output(name).relative_to(context.run_folder)) for name in outputs if name]
