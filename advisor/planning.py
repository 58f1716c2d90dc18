"""Turn a recommendation into a plan: every option filled in, each with its reason, and what is left to do by hand."""

from functools import partial
from math import inf
from pathlib import Path

from ..executors.plan import ModelSource, Plan
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.setting import settings_for
from ..rag.endpoint import is_endpoint, parse_endpoint
from .answer_schema import choices_of
from .base_model import source_from
from .base_search import choose_base
from .device import device_of
from .draft import PlanDraft, Steps, title_page
from .files import Files
from .machine import look
from .model_choice import ARCHITECTURES, suitable_models
from .plan_classifier import make_classifier_plan, runs_as_classifier
from .plan_data import make_prompt, read_data
from .plan_headed import make_headed_plan, read_train, trains_head
from .plan_output import PLAN
from .plan_pretraining import LABEL as PRETRAINING
from .plan_pretraining import make_pretraining_plan
from .plan_prompting import add_prompting
from .plan_refusals import refuse_unasked, refuse_untrainable
from .plan_remaining import NOT_LANGUAGE_MODELS, before_running, by_hand, handwork_of
from .plan_steps import TRAINING, Work, add_steps
from .prepared import needed, prepare
from .profile import Profile
from .recommendation import Recommendation
from .upload import upload_notes
from .wiring import facts_of

SEED = 17
PROMPTING, CLASSIFIER, FINETUNING, LANGUAGE_MODEL = "prompting", "classifier", "finetune", "causal_lm"


def make_plan(
    profile: Profile,
    recommendation: Recommendation,
    *,
    files: Files,
    folder: Path,
    model: str | None = None,
    seed: int = SEED,
    name: str = PLAN.name,
) -> PlanDraft:
    """Return the plan for a recommendation, in the current language.

    Args:
        profile: The answers.
        recommendation: What to do.
        files: The user's files; names that are missing get a place to be put at.
        folder: Where the plan will lie; names of files start there.
        model: The base model, if the user names one.
        seed: Decides the order of rows, and all other chance.
        name: Of the plan's file; what is prepared lies in a folder of that name without its ending.

    Raises:
        UserError: The model is unknown, or a data file is wrong.
    """
    handwork, stem = handwork_of(recommendation), Path(name).stem
    _refuse_unserved(recommendation, model or profile.base_model)
    if recommendation.base in NOT_LANGUAGE_MODELS:
        return PlanDraft(
            None, {}, tuple(by_hand(handwork, files, model or _by_hand_model(profile, recommendation, "")))
        )
    read = read_train(files, folder) if recommendation.path == FINETUNING else None
    if trains_head(profile, recommendation, model, read):
        return make_headed_plan(
            profile, recommendation, files=files, folder=folder, model=model, seed=seed, stem=stem, read=read
        )
    if runs_as_classifier(recommendation):
        return make_classifier_plan(profile, recommendation, files=files, folder=folder, model=model, seed=seed)
    if recommendation.path == PRETRAINING:
        return make_pretraining_plan(profile, recommendation, files=files, folder=folder, model=model, seed=seed)
    device = device_of(profile, look())
    prompts = recommendation.path == PROMPTING
    uploads = any(entry.prepares == "messages" for entry in handwork)
    baseline_only = any(entry.does == "baseline" for entry in handwork)
    trains = recommendation.path in TRAINING and not baseline_only
    data = read_data(files, folder, read, labelled=not trains, talks=recommendation.path == FINETUNING)
    told_rows = profile.labelled_examples or None
    work_with = partial(Work, recommendation, files, device=device, data=data, steps=Steps(), told_rows=told_rows)
    wish_of = (lambda base: work_with(base=base).wish()) if trains else None
    work = work_with(base=choose_base(profile, recommendation, model, device, wish_of))
    if trains:
        refuse_untrainable(LANGUAGE_MODEL, work.method, work.base)
    else:
        refuse_unasked(work.base)
    training = None if prompts else add_steps(work, baseline_only=baseline_only)
    if prompts:
        add_prompting(work, stem)
    plan = Plan(
        **title_page(profile, recommendation, seed),
        model=ModelSource.model_validate(
            {
                "source": source_from(folder, work.base.source),
                "quantisation": training.quantisation if training else "none",
            }
        ),
        prompt=make_prompt(
            work.data,
            0 if prompts else int(settings_for(work.situation("prompt"))["examples"].value),
            "classification" if data.classes else facts_of(profile)["family"],
            passages=any(step.kind == "build_index" for step in work.steps.steps),
            choices=choices_of(data) if prompts or data.classes else (),
        ),
        steps=tuple(work.steps.steps),
    )
    handwork = needed(handwork, plan)
    prepared = prepare(handwork, data, plan.prompt, stem)
    start = _by_hand_model(profile, recommendation, model or work.base.source)
    remaining = (
        *before_running(files, folder, plan, data.rows, recommendation.next_step.rows),
        *(upload_notes(prepared) if uploads else ()),
        *by_hand(handwork, files, start, prepared, folder / name),
    )
    lost = (*work.base.skipped, *training.lost) if training else ()
    notice = _stand_in(work, named=bool(model or profile.base_model))
    comments = _comments(work, notice, remaining)
    return PlanDraft(plan, comments, remaining, training.memory if training else "", prepared, lost, notice)


def _refuse_unserved(recommendation: Recommendation, named: str | None) -> None:
    """Refuse to train a model behind an endpoint.

    Raises:
        UserError: Its weights would be needed; or its address is wrong.
    """
    if named is None or not is_endpoint(named):
        return
    parse_endpoint(named)
    if recommendation.path in (*TRAINING, PRETRAINING, CLASSIFIER) and recommendation.variant != "api":
        hint = say("planning.served_hint", model=named)
        raise UserError(say("planning.served", label=recommendation.label, model=named), hint)


def _stand_in(work: Work, *, named: bool) -> str:
    """Say that the plan measures an open model where a large one behind an interface was advised."""
    if work.recommendation.base != "llm_api" or named:
        return ""
    return say("planning.stand_in", advised=say("advice.base.llm_api"), model=work.base.source)


def _comments(work: Work, notice: str, remaining: tuple[str, ...]) -> dict[str, str]:
    reasons = work.recommendation.reasons
    notes = [say("planning.remaining_title"), *(f"{number}. {text}" for number, text in enumerate(remaining, start=1))]
    return work.steps.comments | {
        "": "\n".join(notes) if remaining else "",
        "label": reasons[0].text if reasons else "",
        "model.source": say("planning.separator").join([*filter(None, [notice]), work.base.why, *work.base.skipped]),
    }


def _by_hand_model(profile: Profile, recommendation: Recommendation, planned: str) -> str:
    """Return the model that the steps by hand start from: one of the recommended kind, or the plan's own."""
    if recommendation.base not in ARCHITECTURES:
        return planned
    if profile.base_model is not None:
        return profile.base_model
    card = next(iter(suitable_models(recommendation.base, profile.language, inf)), None)
    return card.hub_id if card else planned
