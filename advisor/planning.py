"""Turn a recommendation into a plan: every option filled in, each with its reason, and what is left to do by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..executors.method import INSTEAD
from ..executors.plan import ModelSource, Plan
from ..knowledge.handwork import Handwork, find_handwork
from ..knowledge.load import load
from ..knowledge.messages import current_language, say, say_in
from ..knowledge.setting import Situation, settings_for
from .base_model import Base, choose_base
from .device import Device, device_of
from .draft import PlanDraft, Steps, Why, reasoned
from .files import Files, place_of
from .label_text import title_of
from .machine import look
from .plan_data import Data, make_prompt, read_data
from .plan_training import Training, set_up
from .profile import Profile
from .recommendation import Recommendation

NOT_LANGUAGE_MODELS = {"asr", "cnn", "vision", "vision_llm"}
ENCODERS = {"encoder", "sentence_encoder"}
SEED = 17
SHORT_ANSWER = 64
"""Answers get at least this many tokens, and a half more than the longest known one."""


def make_plan(
    profile: Profile,
    recommendation: Recommendation,
    *,
    files: Files,
    folder: Path,
    model: str | None = None,
    seed: int = SEED,
) -> PlanDraft:
    """Return the plan for a recommendation, in the current language.

    Args:
        profile: The answers.
        recommendation: What to do.
        files: The user's files; names that are missing get a place to be put at.
        folder: Where the plan will lie; names of files start there.
        model: The base model, if the user names one.
        seed: Decides the order of rows, and all other chance.

    Raises:
        UserError: The model is unknown, or a data file is wrong.
    """
    handwork = _handwork(recommendation)
    if recommendation.base in NOT_LANGUAGE_MODELS:
        return PlanDraft(None, {}, tuple(_remaining(handwork, files, model or "")))
    device = device_of(profile, look())
    base = choose_base(profile, recommendation, model, device)
    work = _Work(recommendation, files, folder, base, device, read_data(files, folder), Steps())
    training = _add_steps(work, handwork)
    plan = Plan(
        title=" ".join(filter(None, [profile.id, recommendation.label])),
        language=current_language(),
        label=recommendation.label,
        seed=seed,
        knowledge=version("ftadvisor"),
        model=ModelSource.model_validate(
            {"source": base.source, "quantisation": training.quantisation if training else "none"}
        ),
        prompt=make_prompt(work.data, int(settings_for(work.situation("prompt"))["examples"].value)),
        steps=tuple(work.steps.steps),
    )
    remaining = (*_to_prepare(files, folder, plan), *_without_source(work), *_remaining(handwork, files, base.source))
    return PlanDraft(plan, _comments(work, remaining), remaining, training.memory if training else "")


@dataclass(frozen=True)
class _Work:
    recommendation: Recommendation
    files: Files
    folder: Path
    base: Base
    device: Device
    data: Data
    steps: Steps

    def situation(self, step: str) -> Situation:
        rows = len(self.data.rows) or None
        return Situation(step=step, parameters=self.base.parameters, rows=rows)

    def options(self, step: str) -> dict[str, Any]:
        return reasoned(settings_for(self.situation(step)))

    @property
    def method(self) -> str:
        wanted = self.recommendation.variant or "lora"
        return INSTEAD.get(wanted, wanted)

    @property
    def train(self) -> str:
        return self.files.train or "train.jsonl"

    @property
    def test(self) -> str:
        return self.files.test or "test.jsonl"


def _handwork(recommendation: Recommendation) -> list[Handwork]:
    """Return what is left by hand; bases and methods that cannot be trained here have entries of their own."""
    entries = load(Handwork)
    if recommendation.base in NOT_LANGUAGE_MODELS:
        return [entries["not-text-base"]]
    if recommendation.path == "finetune" and recommendation.base in ENCODERS:
        return [entries["encoder-base"]]
    missing = entries[f"missing-{recommendation.variant}"] if recommendation.variant in INSTEAD else None
    return [entry for entry in (missing, find_handwork(recommendation.label)) if entry is not None]


def _add_steps(work: _Work, handwork: list[Handwork]) -> Training | None:
    """Add the steps of the path and return how it trains, if it does."""
    path = work.recommendation.path
    if any(entry.does == "baseline" for entry in handwork):
        path = "rag" if path.startswith("rag") else "prompting"
    if path == "rag+finetune":
        return _add_combined(work)
    if path == "finetune":
        return _add_finetuning(work)
    if path == "rag":
        _add_index(work)
    _evaluate(work, ["base", "prompting", *(["rag"] if path == "rag" else [])])
    return None


def _add_combined(work: _Work) -> Training:
    _add_index(work)
    examples = work.options("build_examples")
    refusal = {"zh": say_in("zh", "planning.refusal"), "en": say_in("en", "planning.refusal")}
    work.steps.add(
        "build_examples",
        train=work.train,
        validation=work.files.validation,
        index="index",
        **examples,
        refusal=Why(refusal, say("planning.why_refusal")),
        output="examples",
    )
    passages = examples["top_k"].value * work.options("build_index")["chunk_tokens"].value
    training = _train(
        work,
        name="combined",
        train=Why("examples/train.jsonl", say("planning.why_combined")),
        validation="examples/validation.jsonl" if work.files.validation else None,
        passage_tokens=passages,
    )
    _train(
        work,
        name="closed_book",
        train=Why(work.train, say("planning.why_closed_book")),
        validation=work.files.validation,
        passage_tokens=passages,
    )
    _evaluate(
        work,
        ["base", "prompting", "rag", "finetuned", "combined", "shuffled"],
        finetuned="adapters/closed_book",
        combined="adapters/combined",
    )
    return training


def _add_finetuning(work: _Work) -> Training:
    training = _train(work, name="finetuned", train=work.train, validation=work.files.validation, passage_tokens=0)
    _evaluate(work, ["base", "prompting", "finetuned"], finetuned="adapters/finetuned")
    return training


def _add_index(work: _Work) -> None:
    sources = list(work.files.documents) or ["documents"]
    work.steps.add("build_index", sources=sources, **work.options("build_index"), output="index")


def _train(work: _Work, *, name: str, passage_tokens: int, **files: Any) -> Training:  # noqa: ANN401 - options
    rows = len(work.data.rows) if work.files.train else None
    tokens = work.data.question_tokens + work.data.answer_tokens
    training = set_up(work.method, work.base, work.device, rows, tokens + passage_tokens if tokens else 0)
    method = Why(training.method, say("planning.why_method", label=title_of(work.recommendation.label)))
    work.steps.add("train", name=name, method=method, **files, output=f"adapters/{name}", **training.options)
    return training


def _evaluate(work: _Work, arms: list[str], **adapters: str) -> None:
    form = work.data.form
    options: dict[str, Any] = {"test": work.test, "arms": Why(arms, say("planning.why_arms"))}
    if "rag" in arms:
        options["index"] = "index"
    if form.format:
        options["format"] = Why(form.format, say("planning.why_format"))
    if form.fields:
        options["fields"] = Why(form.fields, say("planning.why_fields"))
    longest = max(SHORT_ANSWER, round(work.data.answer_tokens * 1.5))
    options["max_new_tokens"] = Why(longest, say("planning.why_max_new_tokens"))
    work.steps.add("evaluate", **options, **adapters, **work.options("evaluate"))
    work.steps.add("report")


def _to_prepare(files: Files, folder: Path, plan: Plan) -> Iterator[str]:
    """Yield what must be put in place before the plan can run."""
    wanted = {getattr(step, name, None) for step in plan.steps for name in ("train", "test")}
    if any(step.kind == "build_index" for step in plan.steps) and not files.documents:
        yield say("planning.prepare_documents", path="documents")
    for name, text in (("train.jsonl", "planning.prepare_train"), ("test.jsonl", "planning.prepare_test")):
        if name in wanted and not place_of(name, folder).exists():
            yield say(text, path=name)


def _without_source(work: _Work) -> Iterator[str]:
    """Yield how many rows do not say which passage answers them; training with passages can hardly use those."""
    lacking = [row for row in work.data.rows if row.quote is None and not row.relevant]
    if lacking and any(step.kind == "build_examples" for step in work.steps.steps):
        yield say("planning.no_source", count=len(lacking), rows=len(work.data.rows))


def _remaining(handwork: list[Handwork], files: Files, model: str) -> Iterator[str]:
    names = {
        "train": files.train or "train.jsonl",
        "test": files.test or "test.jsonl",
        "documents": ", ".join(files.documents) or "documents",
        "model": model,
    }
    for entry in handwork:
        yield from (str(step).format(**names) for step in entry.steps)


def _comments(work: _Work, remaining: tuple[str, ...]) -> dict[str, str]:
    reasons = work.recommendation.reasons
    notes = [say("planning.remaining_title"), *(f"{number}. {text}" for number, text in enumerate(remaining, start=1))]
    return work.steps.comments | {
        "": "\n".join(notes) if remaining else "",
        "label": reasons[0].text if reasons else "",
        "model.source": work.base.why,
    }
