"""The state of an interactive session: what was answered, kept on disk after every answer."""

from collections.abc import Iterator
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
from .rules import holds
from .whatif import Situation, ask_order, open_questions, situation_of

SESSION_FILE = "ftadvisor-session.json"
"""In the folder where ``ftadvisor`` is started: a session belongs to the files beside it, and can be seen there."""

FIRST = "task_type"


class Session(BaseModel):
    """Hold the answers so far.

    Attributes:
        asked: Fields that were asked, in order, whether the answer was known or not; ``back`` walks along it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    profile: Profile = Profile()
    asked: tuple[str, ...] = ()
    files: Files = Files()

    def answered(self, field: str, value: object, origin: Origin = "asked") -> "Session":
        """Return the session with one more answer; ``None`` when it is not known."""
        profile = self.profile.with_answers(origin, **{field: value})
        asked = (*(name for name in self.asked if name != field), field)
        return self.model_copy(update={"profile": profile, "asked": asked})

    def before_last(self) -> "Session":
        """Return the session one question earlier; the answer to it stays until it is given anew."""
        return self.model_copy(update={"asked": self.asked[:-1]})

    def with_files(self, **names: object) -> "Session":
        """Return the session with some files named."""
        return self.model_copy(update={"files": Files.model_validate(self.files.model_dump() | names)})


def next_field(session: Session) -> str | None:
    """Return the field whose answer can still change the recommendation most, or None when none can.

    The task comes first, as other questions make sense only for some tasks. Where no single answer changes anything,
    two together still may: then the first of such a pair is asked. What is so in nearly every case is not asked one
    by one, but in ``open_unusual`` together.
    """
    if session.profile.task_type is None and FIRST not in session.asked:
        return FIRST
    situation = situation_of(session.profile)
    return next(_decisive(session, situation), None) or next(_decisive_with_another(session, situation), None)


def open_unusual(session: Session) -> list[str]:
    """Return the fields that have a usual answer, and whose unusual ones would change the recommendation."""
    situation = situation_of(session.profile)
    found = [question.field for question in open_questions(situation) if question.unusual]
    return [field for field in found if _can_ask(field, session, situation)]


def _decisive(session: Session, situation: Situation) -> Iterator[str]:
    for question in open_questions(situation):
        if not question.unusual and _can_ask(question.field, session, situation):
            yield question.field


def _decisive_with_another(session: Session, situation: Situation) -> Iterator[str]:
    for field in ask_order():
        question = load(Question)[field]
        if question.usual is None and situation.is_unknown(field) and _can_ask(field, session, situation):
            for option in question.option:
                if next(_decisive(session, situation_of(session.answered(field, option.value).profile)), None):
                    yield field


def _can_ask(field: str, session: Session, situation: Situation) -> bool:
    conditions = load(Question)[field].when
    return field not in session.asked and all(
        holds(condition, situation.facts) is not False for condition in conditions
    )


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
