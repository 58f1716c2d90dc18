"""The cheapest useful thing to do next for a label, and the experiment that would settle it."""

from ..knowledge.messages import say
from .experiment import compare, diagnose
from .recommendation import Certainty, NextStep
from .whatif import Situation

#: What a pilot trains on at first, where it is unknown how much there is (evidence lima).
FIRST_EXAMPLES = 1000


def next_step_of(label: str, certainty: Certainty, runner_up: str | None, situation: Situation) -> NextStep:
    """Return the next step: measure first where the advice is a toss-up, else a small pilot or the build.

    Args:
        label: What is recommended.
        certainty: How sure it is.
        runner_up: The best label of the next path, or None where all others are ruled out.
        situation: What is known.
    """
    if certainty == "toss-up":
        unclear = situation.is_unknown("failure_mode")
        tried = diagnose(situation) if unclear else compare(label, runner_up, situation)
        return NextStep(
            kind="measure",
            text=say("advice.next.measure" if unclear else "advice.next.compare"),
            command="ftadvisor",
            passes_if=say("advice.next.measure_passes") if unclear else tried.results[0],
            **tried._asdict(),
        )
    path = label.partition(":")[0].replace("+", "_")
    examples = min(situation.facts["labelled_examples"] or FIRST_EXAMPLES, FIRST_EXAMPLES)
    return NextStep(
        kind="pilot" if certainty == "leaning" else "build",
        text=say(f"advice.next.{path}", examples=f"{examples:,}"),
        command="ftadvisor plan --profile profile.yaml -o plan.yaml",
        passes_if=say(f"advice.next.{path}_passes"),
        **compare(label, runner_up, situation)._asdict(),
    )
