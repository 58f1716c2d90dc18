"""After the questions: the recommendation, and what to do with it: change an answer, write a plan, run it."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .asking import Asker, Choice
from .cli import DONE
from .commands.run import RUNS
from .interview import change, interview
from .outlook import outlook
from .plan_output import PLAN, plan_summary, write_draft
from .planning import make_plan
from .profile_file import PROFILE, write_profile
from .prospects import prospects_of
from .recommend import recommend
from .recommendation import Recommendation
from .recommendation_view import print_recommendation
from .running import new_run, run_shown
from .session import Session, next_question, save

NEEDED = {
    "rag": ("documents", "test"),
    "rag+finetune": ("documents", "train", "validation", "test"),
    "finetune": ("train", "validation", "test"),
}
"""Files that a path's plan can use; the others measure with test rows, and show rows to learn from."""


def decide(session: Session, asker: Asker, folder: Path, quiet: bool) -> int:
    """Show the recommendation and do what the user wants with it, until they leave; return the exit code."""
    show, preset = True, None
    while True:
        advice = recommend(session.profile)
        if show:
            asker.tell()
            asker.tell(_as_text(advice, asker.width))
            asker.tell(outlook(prospects_of(session.profile)))
        wanted = asker.choose(say("session.what_next"), _menu(session), preset)
        show = wanted in ("change", "more")
        if wanted == "change":
            session = change(session, asker, folder)
        elif wanted == "more":
            session = interview(session, asker, folder)
        elif wanted == "leave":
            asker.tell(say("session.kept", command="ftadvisor"))
            return DONE
        else:
            session = _name_files(session, advice, asker, folder)
            plan = _write(session, advice, asker, folder)
            if plan is not None and wanted == "run":
                return run_shown(new_run(plan, folder / RUNS), quiet)
            preset = "leave" if plan is not None else None


def _as_text(advice: Recommendation, width: int) -> str:
    console = Console(file=StringIO(), width=width, no_color=True, highlight=False)
    with console.capture() as captured:
        print_recommendation(advice, console)
    return captured.get()


def _menu(session: Session) -> list[Choice]:
    more = [Choice("more", say("session.more"), "m")] if next_question(session) else []
    return [
        Choice("plan", say("session.write_plan"), "p"),
        Choice("run", say("session.write_and_run"), "x"),
        Choice("change", say("session.change"), "c"),
        *more,
        Choice("leave", say("session.leave"), "q"),
    ]


def _name_files(session: Session, advice: Recommendation, asker: Asker, folder: Path) -> Session:
    """Ask for the files that the plan can use; an empty answer leaves one to be prepared."""
    names: dict[str, object] = {}
    for name in NEEDED.get(advice.path, ("train", "test")):
        known = getattr(session.files, name)
        preset = known[0] if isinstance(known, tuple) and known else known or ""
        answer = asker.write(say(f"session.file_{name}"), lambda text: _missing(text, folder), str(preset))
        names[name] = ((answer,) if answer else ()) if name == "documents" else answer or None
    session = session.with_files(**names)
    save(session, folder)
    return session


def _missing(name: str, folder: Path) -> str | None:
    return say("planning.no_file", paths=name) if name and not (folder / name).exists() else None


def _write(session: Session, advice: Recommendation, asker: Asker, folder: Path) -> Path | None:
    """Write the answers and the plan; return the plan's path, or None when there is none."""
    there = ", ".join(str(name) for name in (PROFILE, PLAN) if (folder / name).exists())
    if there and asker.choose(say("planning.exists", path=there), _over_or_not()) == "keep":
        return None
    try:
        draft = make_plan(session.profile, advice, files=session.files, folder=folder)
    except UserError as error:  # a wrong row in a file: say it and stay in the session
        asker.tell(f"{error.message}\n{error.hint}")
        return None
    write_profile(session.profile, folder / PROFILE)
    write_draft(draft, folder / PLAN, force=True)
    asker.tell("\n".join(plan_summary(draft, advice, PLAN)))
    return folder / PLAN if draft.plan is not None else None


def _over_or_not() -> list[Choice]:
    return [Choice("keep", say("session.keep_plan")), Choice("replace", say("session.replace_plan"))]
