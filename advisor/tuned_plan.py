"""A plan once more, with a tuned model behind an endpoint beside what it compares."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..executors.plan import Plan
from ..executors.plan_file import read_plan, write_plan
from ..executors.step import StepOptions, parse_step
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..rag.endpoint import parse_endpoint

EVALUATION = "evaluate"


@contextmanager
def tuned_plan(path: Path, tuned: str) -> Iterator[Path]:
    """Give a plan that also measures a tuned model, as a file beside the first plan for the time of the block.

    Args:
        path: The plan's file.
        tuned: The tuned model's address; it gets passages where another way to answer does.

    Raises:
        UserError: The plan or the address is wrong, or the plan compares nothing.
    """
    plan = with_tuned(read_plan(path), tuned)
    written = path.with_name(f".{os.urandom(4).hex()}.plan.yaml")
    write_plan(plan, written, {})
    try:
        yield written
    finally:
        written.unlink(missing_ok=True)


def with_tuned(plan: Plan, tuned: str) -> Plan:
    """Return a plan whose comparisons also ask a tuned model.

    Raises:
        UserError: The address is wrong, or the plan compares nothing.
    """
    parse_endpoint(tuned)
    if not any(step.kind == EVALUATION for step in plan.steps):
        raise UserError(say("served.no_comparison"), say("served.no_comparison_hint"))
    steps = tuple(_beside(step, tuned) if step.kind == EVALUATION else step for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def _beside(step: StepOptions, tuned: str) -> StepOptions:
    values = step.model_dump()
    arm = "combined" if "rag" in values["arms"] else "finetuned"
    return parse_step(values | {"arms": [*dict.fromkeys([*values["arms"], arm])], arm: tuned})
