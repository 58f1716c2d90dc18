"""What a plan leaves to people: files to prepare before it runs, and steps that ftadvisor does not do."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ..executors.data import Row
from ..executors.plan import Plan
from ..knowledge.handwork import Handwork, find_handwork
from ..knowledge.load import load
from ..knowledge.messages import say
from ..rag.endpoint import is_endpoint
from .files import Files, place_of
from .plan_output import PLAN
from .recommendation import Recommendation

NOT_LANGUAGE_MODELS = {"asr", "cnn", "vision", "vision_llm"}
VENDOR = "https://HOST/v1#MODEL"
"""Stands for a vendor's model where none is named yet."""
ENCODERS = {"encoder", "sentence_encoder"}
TRAINED = {"finetune", "rag+finetune", "continued_pretraining"}


def handwork_of(recommendation: Recommendation) -> list[Handwork]:
    """Return what is left by hand; bases that cannot be trained here have entries of their own."""
    entries = load(Handwork)
    if recommendation.base in NOT_LANGUAGE_MODELS:
        found = entries["not-text-base"] if recommendation.path in TRAINED else find_handwork(recommendation.label)
        return [found] if found else []
    if recommendation.path == "finetune" and recommendation.variant != "api" and recommendation.base in ENCODERS:
        return [entries["encoder-base"]]
    entry = find_handwork(recommendation.label)
    return [entry] if entry else []


def to_prepare(key: str, name: str | None, folder: Path) -> str:
    """Return which file has to hold what, and of a file that is there how to see what is wrong with it.

    Args:
        key: Of the text that says what it has to hold.
        name: The file as the plan names it; None for the usual name.
        folder: The plan's folder.
    """
    path = name or "train.jsonl"
    text, place = say(key, path=path), place_of(path, folder)
    if not place.exists():
        return text
    command = f"ftadvisor data check {shlex.quote(str(place))}"
    return say("planning.not_yet", text=text.rstrip("。."), command=command)


def before_running(files: Files, folder: Path, plan: Plan, rows: Sequence[Row], measured: int) -> Iterator[str]:
    """Yield what must or should be put in order before the plan can run well.

    Args:
        files: The files that the user named.
        folder: The plan's folder.
        plan: The plan.
        rows: The rows to learn from.
        measured: How many rows the advised experiment measures on.
    """
    yield from _to_prepare(files, folder, plan, measured)
    yield from _without_source(plan, rows)


def _to_prepare(files: Files, folder: Path, plan: Plan, measured: int) -> Iterator[str]:
    """Yield what must be put in place before the plan can run."""
    wanted = {getattr(step, name, None) for step in plan.steps for name in ("train", "test")}
    reads = any(step.kind == "build_index" or getattr(step, "documents", ()) for step in plan.steps)
    if reads and not files.documents:
        yield say("planning.prepare_documents", path="documents")
    for name, text in (("train.jsonl", "planning.prepare_train"), ("test.jsonl", "planning.prepare_test")):
        if name in wanted and not place_of(name, folder).exists():
            yield say(text, path=name, rows=measured)


def _without_source(plan: Plan, rows: Sequence[Row]) -> Iterator[str]:
    """Yield how many rows do not say which passage answers them; training with passages can hardly use those."""
    lacking = [row for row in rows if row.quote is None and not row.relevant]
    if lacking and any(step.kind == "build_examples" for step in plan.steps):
        yield say("planning.no_source", count=len(lacking), rows=len(rows))


def by_hand(
    handwork: list[Handwork], files: Files, model: str, prepared: Collection[str] = (), plan: Path = PLAN
) -> Iterator[str]:
    """Yield the steps that a person does, with the user's own files in them.

    Args:
        handwork: What is left by hand.
        files: The files that the user named.
        model: What the steps start from.
        prepared: Files that the plan writes for them.
        plan: The plan's file, as the user names it.
    """
    if prepared:
        yield say("planning.prepared", paths=say("advice.comma").join(prepared))
    names = {
        "train": files.train or "train.jsonl",
        "test": files.test or "test.jsonl",
        "documents": ", ".join(files.documents) or "documents",
        "model": model,
        "plan": shlex.quote(str(plan)),
        "vendor": model if is_endpoint(model) else VENDOR,
        "url": (model if is_endpoint(model) else VENDOR).partition("#")[0],
    }
    for entry in handwork:
        if entry.before and not prepared:
            yield str(entry.before).format(**names)
        yield from (str(step).format(**names) for step in entry.steps)
