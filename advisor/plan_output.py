"""Write a plan's file, and say in a few lines what it does and what comes next."""

import shlex
from pathlib import Path

from ..executors.plan_file import write_plan
from ..executors.run import step_title
from ..executors.step import StepOptions
from ..knowledge.durable import write_bytes
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .draft import PlanDraft
from .label_text import title_of
from .recommendation import Recommendation

PLAN = Path("plan.yaml")


def write_draft(draft: PlanDraft, path: Path, *, force: bool) -> None:
    """Write a plan, if there is one, to a file that is not there yet, and beside it what it prepares.

    Raises:
        UserError: The file is there and ``force`` is not given, it is a folder, or its folder is missing.
    """
    if draft.plan is None:
        return
    if path.is_dir():
        raise UserError(say("planning.is_folder", path=path), say("planning.is_folder_hint", path=path / PLAN))
    if path.exists() and not force:
        raise UserError(say("planning.exists", path=path), say("planning.exists_hint"))
    if not path.parent.is_dir():
        raise UserError(say("planning.no_folder", path=path.parent), f"mkdir -p {path.parent}")
    write_plan(draft.plan, path, draft.comments)
    for name, content in draft.prepared.items():
        place = path.parent / name
        place.parent.mkdir(exist_ok=True)
        write_bytes(place, content.encode())


def plan_summary(draft: PlanDraft, recommendation: Recommendation, path: Path) -> list[str]:
    """Return the lines that ``ftadvisor plan`` prints.

    Args:
        draft: The plan and what it leaves to people.
        recommendation: What it carries out.
        path: Where the plan was written.
    """
    lines = [say("planning.for_label", title=title_of(recommendation.label), label=recommendation.label)]
    if draft.plan is not None:
        if draft.plan.model is not None:
            lines.append(say("planning.with_model", model=draft.plan.model.source))
        lines += [f"  {number}. {_step(step)}" for number, step in enumerate(draft.plan.steps, start=1)]
    if draft.memory:
        lines.append(say("planning.memory", text=draft.memory))
    if draft.lost:
        lines += ["", say("planning.runners_up_title"), *(f"  - {text}" for text in draft.lost)]
    if draft.remaining:
        lines += ["", say("planning.remaining_title")]
        lines += [f"  {number}. {text}" for number, text in enumerate(draft.remaining, start=1)]
    if draft.plan is not None:
        command = f"ftadvisor run {shlex.quote(str(path))}"
        lines += ["", say("planning.written", path=path), say("planning.next", command=command)]
    return lines


def _step(step: StepOptions) -> str:
    name = getattr(step, "name", "")
    return f"{step_title(step.kind)} ({name})" if name else step_title(step.kind)
