"""The steps that measure a kind of prompting: beside the simpler kinds, and beside a small classifier where it can."""

from typing import Any

from ..knowledge.messages import say
from ..knowledge.setting import settings_for
from ..rag.endpoint import is_endpoint
from .answer_schema import choices_of, schema_of
from .draft import Why
from .plan_steps import Work, add_evaluation
from .prepared import SCHEMA, prepared_name

SIMPLER = {
    "zero_shot": ("base",),
    "few_shot": ("base", "zero_shot"),
    "many_shot": ("base", "zero_shot", "few_shot"),
    "long_context": ("base", "zero_shot"),
    "constrained": ("base", "zero_shot"),
}
"""The arms that each kind is to beat; constrained decoding that shows examples is compared with few-shot, too."""

MOST_OF_CLASSES = 16
"""Where there are at most this many classes, each is shown once."""

SERVED_WINDOW = 32_768
"""Tokens taken for a model behind an endpoint, which does not say how many it reads; most have had more since 2024."""


def add_prompting(work: Work, stem: str) -> None:
    """Add the comparison of the recommended kind of prompting with the simpler ones, and the report.

    Args:
        work: What the steps are made from; receives them.
        stem: The plan's name without its ending; the prepared JSON Schema lies in a folder of that name.
    """
    kind = work.recommendation.variant or "few_shot"
    arms = [*SIMPLER[kind], kind]
    with_rows = work.files.train is not None or kind in ("few_shot", "many_shot")
    if kind == "constrained" and with_rows:
        arms.insert(-1, "few_shot")
    options: dict[str, Any] = {}
    if with_rows and kind in ("few_shot", "many_shot", "constrained"):
        options |= {"train": Why(work.train, say("planning.why_shown_rows")), "shots": _shots(work)}
    if kind == "many_shot":
        chosen = settings_for(work.situation("prompt"))["many_shots"]
        options["many_shots"] = Why(int(chosen.value), f"{chosen.why} [{', '.join(chosen.evidence)}]")
    if kind == "long_context":
        options["documents"] = list(work.files.documents) or ["documents"]
    if kind in ("many_shot", "long_context") and is_endpoint(work.base.source):
        options["window"] = Why(SERVED_WINDOW, say("planning.why_served_window"))
    if kind == "constrained":
        options |= _form(work, stem)
    if work.data.classes and work.files.train and work.files.test:
        simple = Why("tfidf", say("planning.why_simplest"))
        rows = {"train": work.train, "test": work.test}
        work.steps.add("classify", name="tfidf", classifier=simple, **rows, output="classifiers/tfidf")
    add_evaluation(work, arms, **options)


def _shots(work: Work) -> Why:
    """Return how many examples are shown with each question, and why."""
    chosen = settings_for(work.situation("prompt"))["examples"]
    count, classes = int(chosen.value), len(work.data.classes)
    if count < classes <= MOST_OF_CLASSES:
        return Why(classes, say("planning.why_shots_of_classes"))
    return Why(count, f"{chosen.why} [{', '.join(chosen.evidence)}]")


def _form(work: Work, stem: str) -> dict[str, Any]:
    """Return the options that say which answers are allowed."""
    data = work.data
    if data.classes:
        return {}  # the step takes them from the rows
    if not data.form.fields and (choices := choices_of(data)):
        return {"choices": Why(list(choices), say("planning.why_choices"))}
    if data.form.format:
        return {}  # the step has it to judge by
    known = schema_of(data) is not None
    return {"answer_schema": Why(prepared_name(stem, SCHEMA) if known else SCHEMA, say("planning.why_answer_schema"))}
