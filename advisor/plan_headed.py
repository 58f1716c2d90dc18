"""The plan of an encoder that learns to tell classes, tags or where an answer stands, and of a T5 that rewrites."""

from collections.abc import Collection, Sequence
from math import inf
from pathlib import Path
from typing import Any

from ..executors.estimate.architectures.t5 import MODEL_TYPES
from ..executors.labelled import refuse_one_class
from ..executors.layout import layout_of
from ..executors.method import method_ids
from ..executors.plan import ModelSource, Plan
from ..executors.prompt import Prompt
from ..executors.raw_rows import Read, read_raw
from ..knowledge.errors import UserError
from ..knowledge.label_text import title_of
from ..knowledge.messages import say
from .base_model import Base, can_be_loaded, describe, source_from
from .device import device_of
from .draft import PlanDraft, Steps, Why, title_page
from .files import Files, place_of
from .held_share import held_share
from .machine import look
from .model_choice import suitable_models
from .plan_data import read_data
from .plan_refusals import refuse_untrainable
from .plan_remaining import ENCODERS, by_hand, handwork_of, to_prepare
from .plan_training import set_up
from .prepared import prepare
from .profile import Profile
from .recommendation import Recommendation
from .uneven_classes import class_sizes, uneven_classes
from .wiring import facts_of

CLASSES, REWRITE = "sequence_classification", "seq2seq"
PAIRS = {"question_answer", "instruction", "prompt_completion"}
BY_LAYOUT = {"labelled": CLASSES, "tagged": "token_classification", "extractive": "question_answering"}
BY_FAMILY = {"tagging": "token_classification", "span_reading": "question_answering"}
READING = {"classification", *BY_FAMILY}
"""Families of tasks that an encoder does by a head."""

MULTILINGUAL_ENCODER = "FacebookAI/xlm-roberta-base"
LONGEST = 448
"""Tokens that a row is planned with where nobody knows: most encoders read 512, a soft prompt included."""

SHARE = 0.1
"""Of the rows, to choose the best state by where there is no file for it."""


def trains_head(profile: Profile, recommendation: Recommendation, model: str | None, read: Read | None) -> bool:
    """Say whether a recommendation's plan trains a model with a task's head, or one that reads first and writes then.

    Args:
        profile: May name the model.
        recommendation: The recommendation.
        model: The model, if the user names it.
        read: The rows to learn from; those with classes, tags or places of answers are learnt by a head.
    """
    if recommendation.label == "classifier:encoder":
        return True
    if recommendation.path != "finetune" or recommendation.variant == "api":
        return False
    named = model or profile.base_model
    if recommendation.base in ENCODERS or _rewrites(named):
        return True
    layout = _layout(read) if read else None
    if named is None:
        return layout in BY_LAYOUT  # a model that writes could not learn such rows
    if not can_be_loaded(named):
        return False
    reads = describe(named, "").family == "encoder" and str(facts_of(profile)["family"]) in READING
    return layout in BY_LAYOUT or (layout is None and reads)


def _layout(read: Read) -> str | None:
    rows, _ = read
    return layout_of(rows[0].values.keys()) if rows else None


def _rewrites(name: str | None) -> bool:
    """Tell whether a model is an encoder-decoder, as T5 is."""
    if name is None or not can_be_loaded(name):
        return False
    return str((describe(name, "").config or {}).get("model_type")) in MODEL_TYPES


def make_headed_plan(
    profile: Profile,
    recommendation: Recommendation,
    *,
    files: Files,
    folder: Path,
    model: str | None,
    seed: int,
    stem: str,
    read: Read | None = None,
) -> PlanDraft:
    """Return the plan, in the current language.

    Args:
        profile: Its language decides which encoder is trained, and its task what for where no rows say it.
        recommendation: With which method.
        files: The user's files; without rows to measure on or to choose by, parts of the rows to learn from are held
            out.
        folder: Where the plan will lie; names of files start there.
        model: The encoder, if the user names it.
        seed: Decides all chance.
        stem: The name of the plan's file without its ending.
        read: The rows to learn from, where they were read already.

    Raises:
        UserError: The model cannot learn so, or rows to learn classes from have one only.
    """
    base, handwork = encoder_base(profile, model), handwork_of(recommendation)
    read = read or read_train(files, folder)
    layout, known = _layout(read), len(read[0])
    task = REWRITE if _rewrites(base.source) else _task(profile, layout)
    prepared = _tables(handwork, files, folder, stem, read) if task == CLASSES and layout not in BY_LAYOUT else {}
    if task == CLASSES and files.train and (sizes := class_sizes(read)):
        several = any("labels" in row.values for row in read[0])
        refuse_one_class(sizes, several, place_of(files.train, folder))
    device = device_of(profile, look())
    rows = _rows(files, stem, prepared)
    method = recommendation.variant if recommendation.variant in method_ids() else "full"
    refuse_untrainable(task, method, base)
    training = set_up(method, base, device, known or profile.labelled_examples, LONGEST)
    share = held_share(recommendation.next_step.rows, known or profile.labelled_examples)
    steps, name = Steps(), "encoder" if recommendation.path == "classifier" else "finetuned"
    if task == CLASSES:
        simple = Why("tfidf", say("planning.why_simplest"))
        asked = {"train": rows["train"], "test": rows["test"]} | ({} if rows["test"] else {"held_out": share})
        steps.add("classify", name="tfidf", classifier=simple, **asked, output="classifiers/tfidf")
    steps.add(
        "train",
        name=name,
        task=Why(task, say("planning.why_task")),
        method=Why(training.method, say("planning.why_method", label=title_of(recommendation.label))),
        train=rows["train"],
        validation=rows["validation"],
        **_held_out(rows, share),
        replay=files.replay,
        output=f"adapters/{name}",
        **training.options,
    )
    steps.add("measure", name=name, task=task, adapter=f"adapters/{name}", test=rows["test"], output="answers")
    steps.add("report")
    plan = Plan(
        **title_page(profile, recommendation, seed),
        model=ModelSource.model_validate(
            {"source": source_from(folder, base.source), "quantisation": training.quantisation}
        ),
        prompt=Prompt(),
        steps=tuple(steps.steps),
    )
    fitting = PAIRS if task == REWRITE else {name for name, fits in BY_LAYOUT.items() if fits == task}
    wrong: list[str | None] = [] if prepared or layout in fitting else [files.train]
    wrong += [] if prepared else _of_other_layouts((files.validation, files.test), folder, fitting)
    missing = tuple(to_prepare(f"planning.prepare_{task}", name, folder) for name in wrong)
    uneven = uneven_classes(read) if task == CLASSES and not missing else ()
    remaining = (*missing, *uneven, *by_hand([] if missing else handwork, files, base.source, prepared))
    comments = steps.comments | _comments(recommendation, base, remaining)
    return PlanDraft(plan, comments, remaining, training.memory, prepared, training.lost)


def _of_other_layouts(names: Sequence[str | None], folder: Path, fitting: Collection[str]) -> list[str]:
    """Return those of some files that are there and hold rows of another layout than the fitting ones."""
    there = [name for name in names if name is not None and place_of(name, folder).is_file()]
    return [name for name in there if _layout(read_raw(place_of(name, folder))) not in fitting]


def _task(profile: Profile, layout: str | None) -> str:
    """Return the task that the rows are laid out for, or else that of the profile's family of tasks."""
    return BY_LAYOUT.get(layout or "") or BY_FAMILY.get(str(facts_of(profile)["family"]), CLASSES)


def read_train(files: Files, folder: Path) -> Read:
    """Return the rows to learn from, none if they are not there yet; the run tells their faults, line by line."""
    if files.train is None or not place_of(files.train, folder).is_file():
        return [], []
    return read_raw(place_of(files.train, folder))


def _tables(handwork: Any, files: Files, folder: Path, stem: str, read: Read) -> dict[str, str]:  # noqa: ANN401
    """Return rows with a question and an answer as tables of text and label."""
    try:
        data = read_data(files, folder, read)
    except UserError:  # other layouts than questions and answers
        return {}
    return prepare(handwork, data, Prompt(), stem)


def _rows(files: Files, stem: str, prepared: dict[str, str]) -> dict[str, str | None]:
    names = {"train": files.train or "train.jsonl", "test": files.test, "validation": files.validation}
    tables = {part: f"prepared/{stem}/{part}.csv" for part in names}
    return {part: tables[part] if tables[part] in prepared else name for part, name in names.items()}


def _held_out(rows: dict[str, str | None], share: float) -> dict[str, Why]:
    found = {}
    if rows["test"] is None:
        found["held_out"] = Why(share, say("planning.why_held_out"))
    if rows["validation"] is None:
        found["validation_share"] = Why(SHARE, say("planning.why_validation_share"))
    return found


def encoder_base(profile: Profile, named: str | None) -> Base:
    """Return the encoder: the one that is named, the profile's, or the best of the catalogue for the language."""
    if named is not None:
        return describe(named, say("planning.model_named"))
    if profile.base_model is not None and can_be_loaded(profile.base_model):
        return describe(profile.base_model, say("planning.model_of_profile"))
    card = next(iter(suitable_models("encoder", profile.language, inf)), None)
    if card is None:
        return describe(MULTILINGUAL_ENCODER, say("planning.why_multilingual"))
    return describe(card.hub_id, say("planning.model_start", title=card.title, licence=card.licence))


def _comments(recommendation: Recommendation, base: Base, remaining: Sequence[str]) -> dict[str, str]:
    notes = [say("planning.remaining_title"), *(f"{number}. {text}" for number, text in enumerate(remaining, start=1))]
    return {
        "": "\n".join(notes) if remaining else "",
        "label": recommendation.reasons[0].text if recommendation.reasons else "",
        "model.source": base.why,
    }
