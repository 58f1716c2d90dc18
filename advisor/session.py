"""The state of an interactive session: what was answered, kept on disk after every answer."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..knowledge.durable import write_text
from ..knowledge.errors import UserError
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .files import Files
from .profile import Origin, Profile
from .prospects import Prospects, makes_sense, prospects_of
from .whatif import ask_order, situation_of
from .wiring import facts_of

SESSION_FILE = "ftadvisor-session.json"
"""In the folder where ``ftadvisor`` is started: a session belongs to the files beside it, and can be seen there."""

FIRST = "task_type"
CHECK = ".unusual"
"""Stands among the fields that were asked for the question about all that is unusual."""

ACCEPTED = 0.05
"""So likely the answers that were not asked for may change the recommendation; what is left open is told."""

CHECK_DRAWS = 60
RARELY = 0.02
"""An unusual answer that matters in so few draws is not worth a line; if it comes to matter, it is asked for later."""


class Session(BaseModel):
    """Hold the answers so far.

    Attributes:
        asked: Fields that were asked, in order, whether the answer was known or not; ``back`` walks along it.
        checked: Fields whose usual or unusual answer came from the list of what is unusual.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    profile: Profile = Profile()
    asked: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    files: Files = Files()

    def answered(self, field: str, value: object, origin: Origin = "asked") -> "Session":
        """Return the session with one more answer; ``None`` when it is not known."""
        profile = self.profile.with_answers(origin, **{field: value})
        asked = (*(name for name in self.asked if name != field), field)
        return self.model_copy(update={"profile": profile, "asked": asked})

    def with_check(self, answers: Mapping[str, object]) -> "Session":
        """Return the session after the list of what is unusual; ``answers`` has all fields of the list."""
        profile = self.profile.with_answers("asked", **answers)
        asked = (*(name for name in self.asked if name != CHECK), CHECK)
        checked = (*self.checked, *(field for field in answers if field not in self.checked))
        return self.model_copy(update={"profile": profile, "asked": asked, "checked": checked})

    def unchecked(self) -> "Session":
        """Return the session before the list of what is unusual, to show the list anew."""
        profile = self.profile.with_answers("asked", **dict.fromkeys(self.checked))
        asked = tuple(name for name in self.asked if name != CHECK)
        return self.model_copy(update={"profile": profile, "asked": asked, "checked": ()})

    def before_last(self) -> "Session":
        """Return the session one question earlier; the answer to it stays until it is given anew."""
        return self.model_copy(update={"asked": self.asked[:-1]})

    def with_files(self, **names: object) -> "Session":
        """Return the session with some files named."""
        return self.model_copy(update={"files": Files.model_validate(self.files.model_dump() | names)})


def next_question(session: Session) -> str | None:
    """Return the field to ask for next, ``CHECK`` for the list of what is unusual, or None when it is time to stop.

    The task comes first, as other questions make sense only for some tasks; then what is so in nearly every case is
    checked with one question. Of the rest, the one is asked whose answer tells most about the recommendation, until
    the open answers together are unlikely to change it.
    """
    if session.profile.task_type is None and FIRST not in session.asked:
        return FIRST
    if CHECK not in session.asked and statements(session):
        return CHECK
    found = prospects_of(session.profile, session.asked)
    if found.change_share() > ACCEPTED and (field := found.best_question()):
        return field
    return CHECK if statements(session) else None


def statements(session: Session) -> list[tuple[str, object]]:
    """Return the unusual answers, as fields and values, that could matter in this case.

    Before other questions that is with any of their answers; later with those that were given.
    """
    unusual = _unusual(session)
    if CHECK in session.asked:
        situation = situation_of(session.profile)
        return [(field, value) for field, value in unusual if situation.label_if(field, value) != situation.label]
    usual = prospects_of(session.profile, session.asked, CHECK_DRAWS)
    return [(field, value) for field, value in unusual if _matters(session, usual, field, value)]


def _matters(session: Session, usual: Prospects, field: str, value: object) -> bool:
    profile = session.profile.with_answers("asked", **{field: value})
    pairs = zip(usual.labels, prospects_of(profile, session.asked, CHECK_DRAWS).labels, strict=True)
    return sum(one != other for one, other in pairs) > RARELY * CHECK_DRAWS


def _unusual(session: Session) -> Iterator[tuple[str, object]]:
    """Yield all unusual answers to questions that are open and make sense."""
    facts = facts_of(session.profile)
    for field in ask_order():
        question = load(Question)[field]
        known = facts[field] is not None or field in (*session.asked, *session.checked)
        if question.usual is not None and not known and makes_sense(question, facts):
            yield from ((field, option.value) for option in question.option if option.value != question.usual)


def save(session: Session, folder: Path) -> None:
    """Keep the session; a crash leaves the state before or after, never a part."""
    write_text(folder / SESSION_FILE, session.model_dump_json(indent=2) + "\n")


def saved(folder: Path) -> Session | None:
    """Return the session that was saved in a folder, or None.

    Raises:
        UserError: The file is there and is not a session.
    """
    path = folder / SESSION_FILE
    try:
        return Session.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(say("session.broken", path=path), say("session.broken_hint", path=path)) from error
