"""The steps of each path, put together from settings, the model and the user's rows."""

from dataclasses import dataclass
from typing import Any

from ..knowledge.label_text import title_of
from ..knowledge.messages import say, say_in
from ..knowledge.setting import Situation, settings_for
from .base_model import Base
from .device import Device
from .draft import Steps, Why, reasoned
from .files import Files
from .fitting import Wish
from .plan_data import Data
from .plan_training import Training, set_up, wish_for
from .recommendation import Recommendation

TRAINING = ("finetune", "rag+finetune")
"""Paths whose plans train a language model."""

SHORT_ANSWER = 64
"""Answers get at least this many tokens, and a half more than the longest known one."""


@dataclass(frozen=True)
class Work:
    """Gather what the steps of a plan are made from, and the steps.

    Attributes:
        told_rows: Number of rows to learn from as the profile has it, for when there is no file of them yet.
    """

    recommendation: Recommendation
    files: Files
    base: Base
    device: Device
    data: Data
    steps: Steps
    told_rows: int | None = None

    def situation(self, step: str) -> Situation:
        """Return what decides the settings of a kind of step."""
        rows = len(self.data.rows) or self.told_rows
        return Situation(step=step, parameters=self.base.parameters, rows=rows)

    def options(self, step: str) -> dict[str, Any]:
        """Return the settings of a kind of step, each with its reason."""
        return reasoned(settings_for(self.situation(step)))

    @property
    def method(self) -> str:
        """The method that will run."""
        return self.recommendation.variant or "lora"

    @property
    def learnt_rows(self) -> int | None:
        """Number of rows to learn from: of the file, else as the profile has it; None when nobody knows."""
        return len(self.data.rows) if self.files.train else self.told_rows

    @property
    def row_tokens(self) -> int:
        """Tokens of the longest row with the passages that stand in it; 0 when unknown."""
        tokens = self.data.question_tokens + self.data.answer_tokens
        if tokens and self.recommendation.path == "rag+finetune":
            passages = self.options("build_examples")["top_k"].value
            tokens += passages * self.options("build_index")["chunk_tokens"].value
        return tokens

    def wish(self) -> Wish:
        """Return what the training of the base would be if memory were no concern."""
        return wish_for(self.method, self.base, self.device, self.learnt_rows, self.row_tokens)

    @property
    def train(self) -> str:
        """The rows to learn from, or the place they are to be put at."""
        return self.files.train or "train.jsonl"

    @property
    def test(self) -> str:
        """The rows to measure on, or the place they are to be put at."""
        return self.files.test or "test.jsonl"


def add_steps(work: Work, *, baseline_only: bool) -> Training | None:
    """Add the steps of the recommended path and return how it trains, if it does.

    Args:
        work: What the steps are made from; receives them.
        baseline_only: Whether to measure only what the path must beat.
    """
    path = work.recommendation.path
    if baseline_only:
        path = "rag" if path.startswith("rag") else "prompting"
    if path == "rag+finetune":
        return _add_combined(work)
    if path == "finetune":
        return _add_finetuning(work)
    if path == "rag":
        _add_index(work)
    add_evaluation(work, ["base", "prompting", *(["rag"] if path == "rag" else [])])
    return None


def _add_combined(work: Work) -> Training:
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
    training = _train(
        work,
        name="combined",
        train=Why("examples/train.jsonl", say("planning.why_combined")),
        validation="examples/validation.jsonl" if work.files.validation else None,
    )
    _train(
        work,
        name="closed_book",
        train=Why(work.train, say("planning.why_closed_book")),
        validation=work.files.validation,
    )
    add_evaluation(
        work,
        ["base", "prompting", "rag", "finetuned", "combined", "shuffled"],
        finetuned="adapters/closed_book",
        combined="adapters/combined",
    )
    return training


def _add_finetuning(work: Work) -> Training:
    training = _train(work, name="finetuned", train=work.train, validation=work.files.validation)
    add_evaluation(work, ["base", "prompting", "finetuned"], finetuned="adapters/finetuned")
    return training


def _add_index(work: Work) -> None:
    sources = list(work.files.documents) or ["documents"]
    work.steps.add("build_index", sources=sources, **work.options("build_index"), output="index")


def _train(work: Work, *, name: str, **files: Any) -> Training:  # noqa: ANN401 - options
    reasons = _turned_down(work.recommendation)
    training = set_up(work.method, work.base, work.device, work.learnt_rows, work.row_tokens, reasons)
    why = say("planning.why_method", label=title_of(work.recommendation.label))
    method = Why(training.method, say("planning.separator").join([why, *training.lost]))
    options = training.options
    if files["validation"] is None and "patience" in options:
        options = options | {"patience": Why(options["patience"].value, say("planning.why_patience_idle"))}
    replay = work.files.replay
    work.steps.add("train", name=name, method=method, **files, replay=replay, output=f"adapters/{name}", **options)
    return training


def _turned_down(recommendation: Recommendation) -> dict[str, str]:
    """Return why methods lost, by method, where a rule spoke against one."""
    lost = ((*other.label.partition(":"), other.text) for other in recommendation.rejected)
    return {variant: text for path, _, variant, text in lost if path == recommendation.path and variant}


def add_evaluation(work: Work, arms: list[str], **given: Any) -> None:  # noqa: ANN401 - options
    """Add the comparison of some ways to answer, and the report.

    Args:
        work: What the steps are made from; receives them.
        arms: The ways.
        given: Options of the comparison that they need, such as adapters.
    """
    form = work.data.form
    why = "planning.why_arms_shuffled" if "shuffled" in arms else "planning.why_arms"
    options: dict[str, Any] = {"test": work.test, "arms": Why(arms, say(why))}
    if "rag" in arms:
        options["index"] = "index"
    if form.format:
        options["format"] = Why(form.format, say("planning.why_format"))
    if form.fields:
        options["fields"] = Why(form.fields, say("planning.why_fields"))
    longest = max(SHORT_ANSWER, round(work.data.answer_tokens * 1.5))
    known = "planning.why_max_new_tokens" if work.data.answer_tokens else "planning.why_max_new_tokens_unknown"
    options["max_new_tokens"] = Why(longest, say(known))
    work.steps.add("evaluate", **options, **given, **work.options("evaluate"))
    work.steps.add("report")
