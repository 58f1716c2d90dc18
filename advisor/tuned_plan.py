"""A plan once more, with a tuned model behind an endpoint beside what it compares."""

from ..executors.plan import Plan
from ..executors.step import StepOptions, parse_step
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..rag.endpoint import is_endpoint, parse_endpoint

EVALUATION = "evaluate"


def with_tuned(plan: Plan, tuned: str) -> Plan:
    """Return a plan whose comparisons also ask a tuned model.

    Args:
        plan: The plan.
        tuned: The tuned model's address; it gets passages where another way to answer does.

    Raises:
        UserError: The address is wrong, or the plan compares nothing, or an adapter of its own there.
    """
    parse_endpoint(tuned)
    if not any(step.kind == EVALUATION for step in plan.steps):
        raise UserError(say("served.no_comparison"), say("served.no_comparison_hint"))
    steps = tuple(_beside(step, tuned) if step.kind == EVALUATION else step for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def _beside(step: StepOptions, tuned: str) -> StepOptions:
    values = step.model_dump()
    arm = "combined" if "rag" in values["arms"] else "finetuned"
    if arm in values["arms"] and not is_endpoint(str(values[arm])):
        raise UserError(say("served.own_adapter", arm=arm, adapter=values[arm]), say("served.no_comparison_hint"))
    return parse_step(values | {"arms": [*dict.fromkeys([*values["arms"], arm])], arm: tuned})
