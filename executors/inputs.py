"""Check that all files of a plan are there before hours are spent on its first steps."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .plan import Plan
from .step import StepOptions, input_path


def check_inputs(plan: Plan, plan_path: Path) -> None:
    """Refuse a plan that names files that are neither there nor made by one of its steps.

    Args:
        plan: The plan.
        plan_path: Its file; relative names start in its folder.

    Raises:
        UserError: Names all of them.
    """
    missing = [
        say("run.no_input", number=number, kind=step.kind, option=option, path=path)
        for number, step in enumerate(plan.steps, 1)
        for option, path in _needed(step, plan.steps[: number - 1], plan_path.parent)
        if not path.exists()
    ]
    if missing:
        raise UserError("\n".join([say("run.no_inputs", plan=plan_path), *missing]), say("run.no_inputs_hint"))


def _needed(step: StepOptions, earlier: Sequence[StepOptions], folder: Path) -> Iterator[tuple[str, Path]]:
    for option in step.inputs:
        value = getattr(step, option)
        for name in (value,) if isinstance(value, str) else value or ():
            if (path := input_path(name, earlier, folder)) is not None:
                yield option, path
