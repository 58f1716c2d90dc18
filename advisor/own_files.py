"""Take answers from the user's own files: how many rows or tokens they hold, and what else they show."""

from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .answer_text import answer_text
from .asking import Asker
from .measured import MEASURED, measure, seen_in_rows
from .profile import Profile
from .session import FIRST, Session


def count_in(session: Session, field: str, name: str, asker: Asker, folder: Path) -> Session:
    """Return the session with a question answered from a file, which is remembered for the plan.

    Rows also answer what else they show, where nobody has answered it; the task they suggest is asked for all the same.

    Args:
        session: The answers so far.
        field: One of ``MEASURED``.
        name: The file, relative to the folder or absolute; it has been checked.
        asker: Who is told what was found.
        folder: The session's folder.
    """
    place = MEASURED[field]
    session = session.with_files(**{place: (name,) if place == "documents" else name})
    if field != "labelled_examples":
        count = measure(field, folder / name)
        asker.tell(say("session.counted", count=count, path=name))
        return session.answered(field, count, "detected")
    seen = seen_in_rows(folder / name)
    asker.tell(say("session.seen", path=name, answers=_told(seen)))
    profile = session.profile
    new = {one: value for one, value in seen.items() if one == field or getattr(profile, one) is None}
    asked = session.asked if FIRST not in session.asked else (*(one for one in session.asked if one != field), field)
    return session.model_copy(update={"profile": profile.with_answers("detected", **new), "asked": asked})


def answered_by_rows(profile: Profile, path: Path) -> tuple[Profile, str]:
    """Return a profile with what nobody has answered taken from rows to learn from, and what that is, for people.

    Args:
        profile: The answers.
        path: The rows; of a file that cannot be learnt from nothing is taken, its faults are told by the run.
    """
    try:
        seen = seen_in_rows(path)
    except UserError:
        return profile, ""
    new = {field: value for field, value in seen.items() if getattr(profile, field) is None}
    return profile.with_answers("detected", **new), say("planning.seen", path=path, answers=_told(new)) if new else ""


def _told(seen: dict[str, object]) -> str:
    questions = load(Question)
    parts = [
        say("session.answered", name=questions[field].name, answer=answer_text(questions[field], value))
        for field, value in seen.items()
    ]
    return say("advice.semicolon").join(parts)
