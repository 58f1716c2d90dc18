"""Turn a recommendation into a plan: every option filled in, each with its reason, and what is left to do by hand."""

from importlib.metadata import version
from pathlib import Path

from ..executors.plan import ModelSource, Plan
from ..knowledge.messages import current_language, say
from ..knowledge.setting import settings_for
from .base_model import choose_base
from .device import device_of
from .draft import PlanDraft, Steps
from .files import Files
from .machine import look
from .plan_data import make_prompt, read_data
from .plan_remaining import NOT_LANGUAGE_MODELS, before_running, by_hand, handwork_of
from .plan_steps import Work, add_steps
from .profile import Profile
from .recommendation import Recommendation

SEED = 17


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
    handwork = handwork_of(recommendation)
    if recommendation.base in NOT_LANGUAGE_MODELS:
        return PlanDraft(None, {}, tuple(by_hand(handwork, files, model or "")))
    device = device_of(profile, look())
    base = choose_base(profile, recommendation, model, device)
    work = Work(recommendation, files, base, device, read_data(files, folder), Steps())
    training = add_steps(work, baseline_only=any(entry.does == "baseline" for entry in handwork))
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
    remaining = (*before_running(files, folder, plan, work.data.rows), *by_hand(handwork, files, base.source))
    return PlanDraft(plan, _comments(work, remaining), remaining, training.memory if training else "")


def _comments(work: Work, remaining: tuple[str, ...]) -> dict[str, str]:
    reasons = work.recommendation.reasons
    notes = [say("planning.remaining_title"), *(f"{number}. {text}" for number, text in enumerate(remaining, start=1))]
    return work.steps.comments | {
        "": "\n".join(notes) if remaining else "",
        "label": reasons[0].text if reasons else "",
        "model.source": work.base.why,
    }
