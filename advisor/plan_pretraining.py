"""The plan of going on with pretraining: plain texts are learnt, and held-out ones measured before and after."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from ..executors.estimate.architectures import bert, deberta, modernbert
from ..executors.heads import no_gap_head
from ..executors.layout import layout_of
from ..executors.plan import ModelSource, Plan
from ..executors.prompt import Prompt
from ..executors.raw_rows import read_raw
from ..knowledge.messages import say
from .base_model import Base, source_from
from .base_search import choose_base
from .device import Device, device_of
from .draft import PlanDraft, Steps, Why, title_page
from .files import Files, place_of
from .fitting import fit
from .machine import look
from .plan_data import make_prompt, read_data
from .plan_headed import LONGEST, encoder_base
from .plan_refusals import refuse_untrainable
from .plan_remaining import ENCODERS, by_hand, handwork_of
from .plan_steps import Work, add_evaluation
from .plan_training import MARGIN, UNKNOWN_LENGTH, Training, set_up, wish_for
from .profile import Profile
from .recommendation import Recommendation
from .wiring import facts_of

LABEL = "continued_pretraining"
ENCODER_TYPES = bert.MODEL_TYPES | deberta.MODEL_TYPES | modernbert.MODEL_TYPES
WITH_HEAD = ("ForMaskedLM", bert.FIRST_BERT)
"""Ends of the names of classes that are saved with the head that fills gaps."""

SHARE = 0.05
"""Of the texts, to measure on and to choose the best state by where there are no files for these."""

BYTES_PER_TOKEN = 4
"""Of plain text, about: English has four letters to a token, and a Chinese character three bytes."""

NAME, OUTPUT = "finetuned", "adapters/pretrained"


@dataclass(frozen=True)
class Seen:
    """Say what a file or a folder holds.

    Attributes:
        is_text: Whether these are plain texts; what is not there yet may be.
        is_ready: Whether they can be learnt as they are: a folder, or a file whose every row is a text.
    """

    is_text: bool
    is_ready: bool


Look = Callable[[str | None], Seen]
"""Tells what a name in the plan's folder stands for."""


def make_pretraining_plan(
    profile: Profile, recommendation: Recommendation, *, files: Files, folder: Path, model: str | None, seed: int
) -> PlanDraft:
    """Return the plan, in the current language.

    Args:
        profile: Its language and its base model decide what is trained.
        recommendation: The recommendation.
        files: The user's files: texts in ``train`` or else in ``documents``; a test of texts is measured on, one of
            questions is answered before and after.
        folder: Where the plan will lie; names of files start there.
        model: The model, if the user names it.
        seed: Decides all chance.
    """
    seen: Look = cache(partial(_look, folder))  # each file is read once, and let go
    device, texts = device_of(profile, look()), _texts(files, seen)
    blocks = _bytes(place_of(texts, folder)) // (BYTES_PER_TOKEN * UNKNOWN_LENGTH) or None
    base = _base(profile, recommendation, model, device, blocks)
    fills = _fills(base)
    refuse_untrainable("masked_lm" if fills else LABEL, "full", base)
    training = _set_up(base, device, blocks, fills=fills)
    test = files.test if seen(files.test).is_text else None
    steps, task = Steps(), "masked_lm" if fills else LABEL
    _add_training(steps, task, texts, test, files, seen, training)
    steps.add("measure", name=NAME, task=task, adapter=OUTPUT, test=test, output="answers")
    prompt = Prompt()
    if files.test is not None and test is None and not fills:
        data = read_data(Files(test=files.test), folder)
        prompt = make_prompt(data, 0, facts_of(profile)["family"], passages=False)
        work = Work(recommendation, files, base=base, device=device, data=data, steps=steps)
        add_evaluation(work, ["base", "prompting", "finetuned"], finetuned=OUTPUT)
    else:
        steps.add("report")
    plan = Plan(
        **title_page(profile, recommendation, seed),
        model=ModelSource.model_validate(
            {"source": source_from(folder, base.source), "quantisation": training.quantisation}
        ),
        prompt=prompt,
        steps=tuple(steps.steps),
    )
    learnt = files.model_copy(update={"documents": files.documents or (texts,)})
    remaining = (
        *_to_prepare(texts, files, seen, fills=fills),
        *by_hand(handwork_of(recommendation), learnt, base.source),
    )
    comments = steps.comments | _comments(recommendation, base, remaining)
    return PlanDraft(plan, comments, remaining, training.memory, lost=(*base.skipped, *training.lost))


def _add_training(
    steps: Steps, task: str, texts: str, test: str | None, files: Files, seen: Look, training: Training
) -> None:
    validation = files.validation if seen(files.validation).is_text else None
    held: dict[str, Why] = {}
    if test is None:
        held["held_out"] = Why(SHARE, say("planning.why_held_out"))
    if validation is None:
        held["validation_share"] = Why(SHARE, say("planning.why_validation_share"))
    why = "why_full_pretraining" if training.method == "full" else "why_adapted_pretraining"
    options = dict(training.options)
    block = options["max_length"].value if "max_length" in options else UNKNOWN_LENGTH
    steps.add(
        "train",
        name=NAME,
        task=Why(task, say(f"planning.why_{task}")),
        task_options={"block": Why(block if task == LABEL else LONGEST + MARGIN, say("planning.why_block"))},
        method=Why(training.method, say(f"planning.{why}")),
        train=texts,
        validation=validation,
        **held,
        replay=Why(files.replay, say("planning.why_replay")),
        output=OUTPUT,
        **options,
    )


def _base(
    profile: Profile, recommendation: Recommendation, named: str | None, device: Device, blocks: int | None
) -> Base:
    if named is None and recommendation.base in ENCODERS:
        return encoder_base(profile, named)
    return choose_base(
        profile, recommendation, named, device, lambda base: wish_for("full", base, device, blocks, row_tokens=0)
    )


def _fills(base: Base) -> bool:
    """Tell whether a model is an encoder, which fills gaps.

    Raises:
        UserError: It is one that was saved without the head for it.
    """
    config = base.config or {}
    if config.get("model_type") not in ENCODER_TYPES:
        return False
    named = config.get("architectures")
    if isinstance(named, list) and named and not str(named[0]).endswith(WITH_HEAD):
        raise no_gap_head(base.source)
    return True


def _set_up(base: Base, device: Device, blocks: int | None, *, fills: bool) -> Training:
    """Return the training of all weights, or of an adapter where those do not fit."""
    tokens = LONGEST if fills else 0
    fits = fit(wish_for("full", base, device, blocks, tokens)).fits if base.config else None
    return set_up("lora" if fits is False else "full", base, device, blocks, tokens)


def _texts(files: Files, seen: Look) -> str:
    """Return the texts to learn from: rows of plain text, or else the documents."""
    if files.train is not None and (not files.documents or seen(files.train).is_text):
        return files.train
    return files.documents[0] if files.documents else "texts"


def _look(folder: Path, name: str | None) -> Seen:
    """Return what a file or a folder holds."""
    if name is None:
        return Seen(is_text=False, is_ready=False)
    place = place_of(name, folder)
    if not place.is_file():
        return Seen(is_text=True, is_ready=place.exists())
    rows, faults = read_raw(place)
    are_texts = [layout_of(row.values.keys()) == "raw_text" for row in rows]
    return Seen(is_text=are_texts[:1] == [True], is_ready=bool(rows) and not faults and all(are_texts))


def _bytes(place: Path) -> int:
    paths = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _unused(texts: str, files: Files, seen: Look, *, fills: bool) -> list[str]:
    """Return the files that the user named and the plan does not read."""
    named = [files.train] if files.train != texts else []
    named += files.documents if texts == files.train else ()
    named += [files.validation] if not seen(files.validation).is_text else []
    named += [files.test] if fills and not seen(files.test).is_text else []
    return [name for name in named if name is not None]


def _to_prepare(texts: str, files: Files, seen: Look, *, fills: bool) -> list[str]:
    found = [say("planning.unused_file", path=name) for name in _unused(texts, files, seen, fills=fills)]
    if not seen(texts).is_ready:
        found.append(say("planning.prepare_texts", path=texts))
    if len(files.documents) > 1 and texts == files.documents[0]:
        found.append(say("planning.one_folder_of_texts", path=texts))
    if files.replay is None:
        found.append(say("planning.prepare_replay"))
    return found


def _comments(recommendation: Recommendation, base: Base, remaining: tuple[str, ...]) -> dict[str, Any]:
    notes = [say("planning.remaining_title"), *(f"{number}. {text}" for number, text in enumerate(remaining, start=1))]
    return {
        "": "\n".join(notes),
        "label": recommendation.reasons[0].text if recommendation.reasons else "",
        "model.source": say("planning.separator").join([base.why, *base.skipped]),
    }
