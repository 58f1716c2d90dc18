"""The smallest experiment that would settle a recommendation: how many rows, what to measure, what results mean."""

from collections.abc import Iterator
from math import sqrt
from typing import Any, NamedTuple

from ..knowledge.label_text import title_of
from ..knowledge.messages import say
from .labels import PATHS, covers
from .weighing import Weighed, weigh
from .whatif import Situation
from .wiring import WORDING

#: With so many rows a share is known to about ten points, which is as much as most choices between paths differ by.
ROWS = 100
#: With fewer rows hardly any result would mean anything.
FEWEST = 20
#: Enough to see which kind of mistake is the most frequent.
ROWS_OF_MISTAKES = 50
#: Of few examples so many are held out, one in five.
HELD_OUT = 5
#: The label that cures a kind of mistake where too little is known for the rules to say so (evidence
#: openai-accuracy-guide): context for missing knowledge, tuning for behaviour.
CURES = {"missing_knowledge": "rag", "inconsistent_behaviour": "finetune", "format": "prompting:constrained"}
#: Two-sided 95 % point of the normal distribution.
NORMAL_95 = 1.96


class Experiment(NamedTuple):
    """Describe an experiment.

    Attributes:
        rows: How many rows, requests or questions it takes.
        measure: What is measured on them.
        results: What each result means.
    """

    rows: int
    measure: str
    results: tuple[str, ...]


def compare(label: str, runner_up: str | None, situation: Situation) -> Experiment:
    """Return the comparison of what is recommended with what comes next, or with a plain prompt.

    Args:
        label: What is recommended.
        runner_up: The best label of the next path, or None where all others are ruled out.
        situation: What is known.
    """
    other = runner_up or ("prompting:few_shot" if label != "prompting:few_shot" else "prompting:zero_shot")
    rows = rows_for(situation.facts["labelled_examples"])
    margin = margin_of(rows)
    one_title, other_title = _titles(label, other)
    arms = say("explanation.arms", one=one_title, other=other_title)
    measure = say(f"explanation.measure.{_measured(label, other, situation)}", rows=rows, margin=margin, arms=arms)
    cheaper = one_title if _cost(label) <= _cost(other) else other_title
    results = (
        say("explanation.result.ahead", label=one_title, margin=margin),
        say("explanation.result.behind", other=other_title, name=other),
        say("explanation.result.even", cheaper=cheaper),
    )
    return Experiment(rows, measure, results)


def diagnose(situation: Situation) -> Experiment:
    """Return the count of mistakes that shows which way to go, for cases of which hardly anything is known."""
    rows = ROWS_OF_MISTAKES
    measure = say("explanation.measure.mistakes", rows=rows, margin=margin_of(rows))
    return Experiment(rows, measure, tuple(_ways(situation)))


def rows_for(examples: int | None) -> int:
    """Return how many rows to measure on, given how many labelled ones there are.

    Args:
        examples: All that there are, or None when that is unknown.
    """
    return ROWS if not examples else max(FEWEST, min(ROWS, examples // HELD_OUT))


def margin_of(rows: int) -> int:
    """Return to how many percentage points a share is known from so many rows, 95 times in 100, at worst.

    Source: Wald's interval of a share of one half.
    """
    return round(100 * NORMAL_95 * sqrt(0.25 / rows))


def _ways(situation: Situation) -> Iterator[str]:
    """Yield what each kind of mistake leads to: another advice, or a cure that goes beyond the present one."""
    weighed = weigh(situation.verdicts, situation.facts[WORDING])
    for mistake, label in situation.tried("failure_mode"):
        named = say(f"explanation.mistake.{mistake}")
        if label != situation.label:
            yield say("explanation.result.mistake", mistake=named, label=title_of(label))
        elif _is_new(CURES.get(mistake), label, weighed):
            yield say("explanation.result.mistake", mistake=named, label=say(f"explanation.cure.{mistake}"))


def _is_new(cure: str | None, label: str, weighed: Weighed) -> bool:
    """Tell whether a cure is neither advised already nor ruled out; a cheaper model is always there to try."""
    if cure is None:
        return True
    is_open = weighed.is_open(cure.partition(":")[0]) and weighed.standings[cure].excluded is None
    return is_open and not covers(cure, label)


def _measured(label: str, other: str, situation: Situation) -> str:
    if situation.facts["labels_inputs"]:
        return "labels"
    return "documents" if "rag" in (label + other) else "answers"


def _titles(label: str, other: str) -> tuple[str, str]:
    """Return what two labels are called: by their paths where these differ."""
    paths = label.partition(":")[0], other.partition(":")[0]
    return (title_of(label), title_of(other)) if paths[0] == paths[1] else (title_of(paths[0]), title_of(paths[1]))


def _cost(label: str) -> Any:  # noqa: ANN401 - a place in the list
    return PATHS.index(label.partition(":")[0])
