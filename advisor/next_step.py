"""The cheapest useful thing to do next for a label."""

from ..knowledge.messages import say
from .recommendation import Certainty, NextStep


def next_step_of(label: str, certainty: Certainty) -> NextStep:
    """Return the next step: measure first where the advice is a toss-up, else a small pilot or the build."""
    path = label.partition(":")[0].replace("+", "_")
    if certainty == "toss-up":
        return NextStep(
            kind="measure",
            text=say("advice.next.measure"),
            command="ftadvisor",
            passes_if=say("advice.next.measure_passes"),
        )
    return NextStep(
        kind="pilot" if certainty == "leaning" else "build",
        text=say(f"advice.next.{path}"),
        command="ftadvisor plan --profile profile.yaml -o plan.yaml",
        passes_if=say(f"advice.next.{path}_passes"),
    )
