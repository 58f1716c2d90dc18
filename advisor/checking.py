"""Check all that is so in nearly every case with one question: a list on which the exceptions are marked."""

from collections.abc import Mapping, Sequence

from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.prior import written
from ..knowledge.question import Question
from .asking import Asker, Choice
from .session import CHECK, Session, statements

BACK, CHANGE, ENOUGH, UNKNOWN, DONE = ".back", ".change", ".enough", ".unknown", ".done"

Statement = tuple[str, object]
"""A field and an unusual answer to it."""


def ways_out(session: Session) -> list[Choice]:
    """Return the entries that lead away from a question, for every question but the first."""
    if not session.asked:
        return []
    return [
        Choice(BACK, say("session.back"), "b"),
        Choice(CHANGE, say("session.change"), "c"),
        Choice(ENOUGH, say("session.enough"), "r"),
    ]


def ask_check(session: Session, asker: Asker) -> Session | None:
    """Ask which of the unusual answers hold and return the session after it, or None when the user has had enough.

    The entries can be marked and unmarked until the user is done; of one question only one answer can be marked.
    """
    before, session = session, session if CHECK in session.asked else session.unchecked()
    listed = statements(session)
    marked = {field: value for field, value in listed if getattr(before.profile, field) == value}
    if not listed:
        return session.with_check({})
    asker.tell()
    question = say(
        "session.question", number=_number(session), text=say("session.unusual"), why=say("session.why_unusual")
    )
    last: str | None = None
    while True:
        answer = asker.choose(question, _entries(listed, marked, session), last)
        if answer == ENOUGH:
            return None
        if answer == BACK:
            return before.before_last()
        if answer == UNKNOWN:
            return session.with_check(dict.fromkeys(field for field, _ in listed))
        if answer == DONE:
            return session.with_check(answers_to(listed, marked))
        field, value = next(one for one in listed if _name(one) == answer)
        if marked.get(field) == value and field in marked:
            del marked[field]
        else:
            marked[field] = value
        last = answer
        question = say("session.marked", count=len(marked))


def answers_to(listed: Sequence[Statement], marked: Mapping[str, object]) -> dict[str, object]:
    """Return what is known of each listed field: as usual where nothing is marked and nothing left out."""
    answers: dict[str, object] = {}
    for field in dict.fromkeys(field for field, _ in listed):
        question = load(Question)[field]
        all_listed = all(
            option.value == question.usual or (field, option.value) in listed for option in question.option
        )
        answers[field] = marked.get(field, question.usual if all_listed else None)
    return answers


def _number(session: Session) -> int:
    return len(session.asked) + 1


def _name(statement: Statement) -> str:
    return f"{statement[0]}={written(statement[1])}"


def _entries(listed: Sequence[Statement], marked: dict[str, object], session: Session) -> list[Choice]:
    done = Choice(DONE, say("session.as_marked") if marked else say("session.as_usual"), "d")
    lines = [Choice(_name(one), _line(one, one[0] in marked and marked[one[0]] == one[1])) for one in listed]
    ways = [way for way in ways_out(session) if way.value != CHANGE]
    return [done, *lines, Choice(UNKNOWN, say("session.unknown"), "u"), *ways]


def _line(statement: Statement, is_marked: bool) -> str:
    field, value = statement
    text = say(f"session.statement.{field}_{written(value)}")
    return say("session.exception", mark="x" if is_marked else " ", text=text)
