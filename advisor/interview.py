"""Ask one question at a time: why it is asked, what the answers mean, how to find out, and the way back."""

from pathlib import Path
from typing import Literal

from ..knowledge.errors import UserError
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .answer_text import answer_text
from .answers import read_answer
from .asking import Asker, Choice
from .checking import BACK, CHANGE, ENOUGH, UNKNOWN, ask_check, ways_out
from .machine import find_gpus
from .measured import MEASURED, measure
from .model_remark import model_remark
from .own_files import count_in
from .session import CHECK, FIRST, Session, next_question, save
from .whatif import ask_order

OTHER, FOUND, ROWS = ".other", ".found", ".rows"
GIBIBYTE = 2**30


def interview(session: Session, asker: Asker, folder: Path) -> Session:
    """Ask until the open answers are unlikely to change the recommendation, or the user has had enough.

    Args:
        session: The answers so far.
        asker: Who asks.
        folder: Where the session is saved after each answer.
    """
    again: str | None = None
    while (changed := _ask_next(session, again, asker, folder)) is not None:
        save(changed, folder)
        went_back = len(changed.asked) < len(session.asked)
        again = session.asked[-1] if went_back else None
        session = changed
    return session


def _ask_next(session: Session, again: str | None, asker: Asker, folder: Path) -> Session | None:
    field = again or next_question(session)
    if field == CHECK:
        return ask_check(session, asker)
    return ask(session, field, asker, folder) if field else None


def change(session: Session, asker: Asker, folder: Path) -> Session:
    """Let the user choose one of all questions and answer it anew."""
    known = session.profile.answers()
    fields = [field for field in ask_order() if field in known or field in session.asked]
    others = [field for field in ask_order() if field not in fields]
    choices = [Choice(field, _answered(field, known.get(field))) for field in (*fields, *others)]
    field = asker.choose(say("session.change_which"), [Choice("", say("session.leave_as_it_is"), "b"), *choices])
    if not field:
        return session
    changed = ask(session, field, asker, folder)
    if changed is None or len(changed.asked) < len(session.asked):
        return session
    save(changed, folder)
    return changed


def _answered(field: str, value: object) -> str:
    question = load(Question)[field]
    answer = say("session.open") if value is None else answer_text(question, value)
    return say("session.answered", name=question.name, answer=answer)


def ask(session: Session, field: str, asker: Asker, folder: Path) -> Session | None:
    """Ask for one field and return the session after the answer, or None when the user has had enough."""
    question = load(Question)[field]
    asker.tell()
    found_gb = _gb("memory_bytes") if field == "vram_gb" else None
    choices = _choices(question, session, found_gb)
    while True:
        answer = asker.choose(_asked(question, session), choices, _preset(question, session))
        if answer == ENOUGH:
            return None
        if answer == BACK:
            return session.before_last()
        if answer == CHANGE:
            return change(session, asker, folder)
        if answer == UNKNOWN:
            asker.tell(say("session.find_out", tip=question.find_out))
            if _leave_open(asker):
                return session.answered(field, None)
        elif answer == FOUND:
            known = session.answered(field, found_gb, "detected")
            return known.model_copy(update={"profile": known.profile.with_answers("detected", n_gpus=len(find_gpus()))})
        elif answer == ROWS:
            session = _look_into_rows(session, asker, folder)
        elif answer == OTHER:
            if changed := _write(session, question, asker, folder):
                return changed
        else:
            return session.answered(field, _value(question, answer))


def _asked(question: Question, session: Session) -> str:
    place = session.asked.index(question.id) if question.id in session.asked else len(session.asked)
    return say("session.question", number=place + 1, text=question.text, why=question.why)


def _choices(question: Question, session: Session, found_gb: int | None) -> list[Choice]:
    listed = [Choice(FOUND, say("session.found_gpu", gb=found_gb, free=_gb("free_bytes")), "g")] if found_gb else []
    listed += [Choice(str(option.value), _title(f"{option.label}", f"{option.help}")) for option in question.option]
    if question.id == FIRST:
        listed.append(Choice(ROWS, say("session.look_into_rows"), "f"))
    if question.kind != "choice":
        listed.append(Choice(OTHER, _other(question), "e"))
    return [*listed, Choice(UNKNOWN, say("session.unknown"), "u"), *ways_out(session)]


def _title(label: str, explanation: str) -> str:
    return f"{label} - {explanation}" if explanation else label


def _other(question: Question) -> str:
    if question.id in MEASURED:
        return say("session.other_file")
    return say("session.other_number") if question.kind == "number" else say("session.other_text")


def _preset(question: Question, session: Session) -> str | None:
    """Point at the answer that was given before, if it is listed."""
    known = str(getattr(session.profile, question.id))
    return known if known in {str(option.value) for option in question.option} else None


def _gb(part: Literal["memory_bytes", "free_bytes"]) -> int:
    return round(sum(getattr(gpu, part) or 0 for gpu in find_gpus()) / GIBIBYTE)


def _leave_open(asker: Asker) -> bool:
    choices = [Choice("open", say("session.leave_open")), Choice("answer", say("session.answer_after_all"))]
    return asker.choose(say("session.open_or_answer"), choices) == "open"


def _value(question: Question, answer: str) -> object:
    return next(option.value for option in question.option if str(option.value) == answer)


def _write(session: Session, question: Question, asker: Asker, folder: Path) -> Session | None:
    """Let the user write a number, a word, or a file to count in; an empty line returns to the list."""
    answer = asker.write(_other(question), lambda text: _problem(question, text, folder))
    if not answer:
        return None
    if question.id in MEASURED and (folder / answer).exists():
        return count_in(session, question.id, answer, asker, folder)
    if question.id == "base_model" and (remark := model_remark(answer)):
        asker.tell(remark)
    return session.answered(question.id, read_answer(question.id, answer)[0])


def _look_into_rows(session: Session, asker: Asker, folder: Path) -> Session:
    """Let the user name a file of examples, and take from it what it shows; the task is still for the user to say."""
    rows = load(Question)["labelled_examples"]
    check = say("session.no_such_file")
    name = asker.write(
        say("session.file_train"), lambda text: _problem(rows, text, folder) if (folder / text).exists() else check
    )
    return count_in(session, rows.id, name, asker, folder) if name else session


def _problem(question: Question, text: str, folder: Path) -> str | None:
    if not text:
        return None
    if question.id in MEASURED and (folder / text).exists():
        try:
            measure(question.id, folder / text)
        except UserError as error:
            return error.message
        return None
    return read_answer(question.id, text)[1]
