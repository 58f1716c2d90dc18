"""Gather what the steps returned into one report."""

import json
from collections.abc import Mapping
from functools import reduce

from ..arms import main_arm
from ..step import StepContext
from .classified import comparison_of
from .next_steps import next_steps
from .record import Classified, Evaluation, Measured, Metrics, Report, StepTime, Training


def build_report(context: StepContext) -> Report:
    """Return the report of the steps that are done, in the current language."""
    classified = [Classified.model_validate(found.result) for found in context.earlier if "per_class" in found.result]
    evaluation = _evaluation(context) or comparison_of(classified)
    training = [Training.model_validate(found.result) for found in context.results("train")]
    arms = evaluation.arms if evaluation else {}
    arm = main_arm(context.plan.label, list(arms))
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
        classified=classified,
        artefacts=_artefacts(context),
        next=[*(text for found in classified for text in found.warnings), *next_steps(arm, evaluation, training)],
        environment=json.loads((context.run_folder / "environment.json").read_bytes()),
    )


def _evaluation(context: StepContext) -> Evaluation | None:
    found = [Evaluation.model_validate(result.result) for result in context.earlier if "arms" in result.result]
    return reduce(_beside, found) if found else None


def _beside(earlier: Evaluation, later: Evaluation) -> Evaluation:
    """Return a comparison with what an earlier one measured of the same arms by other metrics, and of other arms."""
    others = {arm: metrics for arm, metrics in earlier.arms.items() if arm not in later.arms}
    return later.model_copy(
        update={
            "arms": others | _with(later.arms, earlier.arms),
            "seconds": earlier.seconds | later.seconds,
            "signatures": earlier.signatures | later.signatures,
            "differences": _with(later.differences, earlier.differences),
        }
    )


def _with(later: Mapping[str, Metrics], earlier: Mapping[str, Metrics]) -> dict[str, Metrics]:
    return {arm: {**metrics, **earlier.get(arm, {}), **metrics} for arm, metrics in later.items()}


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
