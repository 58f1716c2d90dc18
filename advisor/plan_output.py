"""Write a plan's file, and say in a few lines what it does and what comes next."""

import shlex
from pathlib import Path

from ..executors.plan_file import write_plan
from ..executors.run import step_title
from ..executors.step import StepOptions
from ..knowledge.durable import write_bytes
from ..knowledge.errors import UserError
from ..knowledge.label_text import title_of
from ..knowledge.messages import say
from .draft import PlanDraft
from .recommendation import Recommendation

PLAN = Path("plan.yaml")


def write_draft(draft: PlanDraft, path: Path, *, force: bool) -> None:
    """Write a plan, if there is one, to a file that is not there yet, and beside it what it prepares.

    The plan is written last: where it lies, all that it names lies too.

    Raises:
        UserError: One of the files is there and ``force`` is not given, the plan is a folder, or its folder is missing.
    """
    if draft.plan is None:
        return
    if path.is_dir():
        raise UserError(say("planning.is_folder", path=path), say("planning.is_folder_hint", path=path / PLAN))
    prepared = {path.parent / name: content for name, content in draft.prepared.items()}
    there = [place for place in (path, *prepared) if place.exists()]
    if there and not force:
        paths = say("advice.comma").join(map(str, there))
        raise UserError(say("planning.exists", path=paths), say("planning.exists_hint"))
    if not path.parent.is_dir():
        raise UserError(say("planning.no_folder", path=path.parent), f"mkdir -p {path.parent}")
    for place, content in prepared.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, content.encode())
    write_plan(draft.plan, path, draft.comments)


def plan_summary(draft: PlanDraft, recommendation: Recommendation, path: Path) -> list[str]:
    """Return the lines that ``ftadvisor plan`` prints.

    Args:
        draft: The plan and what it leaves to people.
        recommendation: What it carries out.
        path: Where the plan was written.
    """
    lines = [say("planning.for_label", title=title_of(recommendation.label), label=recommendation.label)]
    if draft.notice:
        lines.append(draft.notice)
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
    title = step_title(step.kind)
    return say("advice.with_variant", path=title, variant=name) if name else title
