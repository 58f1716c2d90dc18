"""Show what was understood of a description, from which words, what was not, and what remains to be asked."""

from collections.abc import Iterator
from typing import Any

from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.question import Question
from ..answer_text import answer_text
from ..answers import allowed
from ..profile import Profile
from ..whatif import open_questions, situation_of
from ..wrapping import wrap
from .understand import Read, Understood


def understood_lines(understood: Understood, columns: int, *, in_session: bool = False) -> Iterator[str]:
    """Yield every answer with the words that it came from, and the parts of the text that said nothing.

    Args:
        understood: What was understood.
        columns: Width of the window.
        in_session: Mistakes are corrected in the session, not with an option.
    """
    reader = say("describe.offline") if understood.reader is None else say("describe.by", model=understood.reader)
    yield wrap(say(f"describe.understood.{'session' if in_session else 'command'}", reader=reader), columns)
    for read in understood.answers:
        yield wrap(_answer(read), columns, "    ", "  - ")
    for read in understood.uncounted:
        line = say("describe.uncounted", name=load(Question)[read.field].name, words=read.words)
        yield wrap(line, columns, "    ", "  - ")
    if not understood.answers and not understood.uncounted:
        yield wrap(say("describe.nothing"), columns, "    ", "  - ")
    if understood.left:
        yield wrap(say("describe.left"), columns)
        for part in understood.left:
            yield wrap(part, columns, "    ", "  - ")


def question_lines(profile: Profile, columns: int) -> Iterator[str]:
    """Yield the questions whose answers could still change the advice, each with the option that answers it."""
    asked = [open_question.field for open_question in open_questions(situation_of(profile))]
    if asked:
        yield ""
        yield wrap(say("describe.open"), columns)
    for field in asked:
        hint = say("describe.set", field=field, allowed=allowed(field))
        yield wrap(f"{load(Question)[field].text} {hint}", columns, "    ", "  - ")


def understood_json(understood: Understood) -> dict[str, Any]:
    """Return what was understood as the JSON form of ``recommend --describe`` shows it."""
    return {
        "reader": understood.reader or "offline",
        "answers": [read._asdict() for read in understood.answers],
        "uncounted": [{"field": read.field, "words": read.words} for read in understood.uncounted],
        "not_understood": list(understood.left),
    }


def _answer(read: Read) -> str:
    question = load(Question)[read.field]
    value = answer_text(question, read.value)
    key = "describe.answer" if read.exact else "describe.about"
    return say(key, name=question.name, value=value, words=read.words)
