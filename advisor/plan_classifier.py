"""The plan of a small classifier: it is trained and measured beside the simplest one and the most frequent class."""

from pathlib import Path

from ..executors.labelled import LabelledRow, check_classes, read_labelled
from ..executors.plan import Plan
from ..executors.prompt import Prompt
from ..knowledge.errors import UserError
from ..knowledge.label_text import title_of
from ..knowledge.messages import say
from .draft import PlanDraft, Steps, Why, title_page
from .files import Files, place_of
from .held_share import held_share
from .plan_remaining import by_hand, handwork_of, to_prepare
from .profile import Profile
from .recommendation import Recommendation

SIMPLEST = "tfidf"
EMBEDDERS = {"en": "sentence-transformers/all-MiniLM-L6-v2", "zh": "BAAI/bge-small-zh-v1.5"}
MULTILINGUAL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"


def runs_as_classifier(recommendation: Recommendation) -> bool:
    """Say whether a recommendation is a small classifier: the plan trains it, or what it must beat."""
    return recommendation.path == "classifier"  # an encoder has a plan of its own


def make_classifier_plan(
    profile: Profile,
    recommendation: Recommendation,
    *,
    files: Files,
    folder: Path,
    model: str | None,
    seed: int,
) -> PlanDraft:
    """Return the plan for a small classifier, in the current language.

    Args:
        profile: Its language decides what embeds the texts.
        recommendation: Which classifier.
        files: The user's files; without rows to measure on, part of the rows to learn from is held out.
        folder: Where the plan will lie; names of files start there.
        model: What embeds the texts, if the user names it.
        seed: Decides all chance.

    Raises:
        UserError: The rows to learn from have one class only.
    """
    steps, kind = Steps(), recommendation.variant or SIMPLEST
    rows: dict[str, object] = {"train": files.train or "train.jsonl", "test": files.test}
    if files.test is None:
        share = held_share(recommendation.next_step.rows, profile.labelled_examples)
        rows["held_out"] = Why(share, say("planning.why_held_out"))
    if kind != SIMPLEST:
        _add(steps, SIMPLEST, Why(SIMPLEST, say("planning.why_simplest")), rows)
    given = {} if kind == SIMPLEST else {"embedder": _embedder(profile, model)}
    reason = say("planning.why_method", label=title_of(recommendation.label))
    _add(steps, kind, Why(kind, reason), rows, **({"classifier_options": given} if given else {}))
    steps.add("report")
    plan = Plan(
        **title_page(profile, recommendation, seed),
        model=None,
        prompt=Prompt(),
        steps=tuple(steps.steps),
    )
    remaining = (*_to_prepare(files, folder), *by_hand(handwork_of(recommendation), files, ""))
    return PlanDraft(plan, steps.comments | _comments(recommendation, remaining), remaining)


def _add(steps: Steps, name: str, classifier: Why, rows: dict[str, object], **options: object) -> None:
    steps.add("classify", name=name, classifier=classifier, **rows, output=f"classifiers/{name}", **options)


def _embedder(profile: Profile, named: str | None) -> Why:
    if named is not None:
        return Why(named, say("planning.model_named"))
    return Why(EMBEDDERS.get(profile.language or "", MULTILINGUAL), say("planning.why_embedder"))


def _to_prepare(files: Files, folder: Path) -> list[str]:
    """Return which files are not there yet, or hold no labelled rows."""
    train = files.train or "train.jsonl"
    read = {name: _labelled(place_of(name, folder)) for name in (train, files.test) if name}
    if read[train]:
        check_classes(read[train], place_of(train, folder))  # what is rare is told when the plan runs
    return [to_prepare("planning.prepare_labelled", name, folder) for name, rows in read.items() if not rows]


def _labelled(path: Path) -> list[LabelledRow]:
    try:
        return read_labelled(path)
    except UserError:  # the run tells what is wrong, line by line
        return []


def _comments(recommendation: Recommendation, remaining: tuple[str, ...]) -> dict[str, str]:
    notes = [say("planning.remaining_title")]
    notes += [f"{number}. {text}" for number, text in enumerate(remaining, start=1)]
    return {
        "": "\n".join(notes),
        "label": recommendation.reasons[0].text if recommendation.reasons else "",
        "model": say("planning.no_model_needed"),
    }
