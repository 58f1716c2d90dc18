"""What the user's rows say about a plan: the form of answers, examples to show, lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..executors.compared_rows import check_alike, is_labelled, read_compared
from ..executors.data import Row, Talk, read_learnt, read_rows
from ..executors.labelled import check_classes
from ..executors.prompt import Prompt
from ..executors.raw_rows import Read
from ..executors.shots import with_examples
from ..knowledge.errors import UserError
from ..knowledge.messages import Language, say, say_in
from ..knowledge.text import Text, is_chinese
from ..rag.tokens import TOKENS_PER_UNIT, token_starts
from .answer_form import AnswerForm, recognise
from .files import Files, place_of

INSTRUCTED = frozenset(
    {"classification", "code", "dialogue", "extraction", "generation"}
    | {"question_answering", "reasoning", "span_reading", "tagging", "translation"}
)
"""Families of tasks that have an instruction of their own."""


@dataclass(frozen=True)
class Data:
    """Hold what was read from the rows; everything is empty where there are none yet.

    Attributes:
        parts: The rows of each file that is there: ``train``, ``validation`` and ``test``.
        rows: Rows to learn from, or to measure on if there are no others.
        question_tokens: Tokens of the longest question.
        answer_tokens: Tokens of the longest answer.
        classes: All classes, where the rows are texts with classes.
        several: Whether a text may have any number of them.
    """

    parts: Mapping[str, tuple[Row, ...]]
    rows: tuple[Row, ...]
    form: AnswerForm
    question_tokens: int
    answer_tokens: int
    classes: tuple[str, ...] = ()
    several: bool = False


def read_data(
    files: Files, folder: Path, train: Read | None = None, *, labelled: bool = False, talks: bool = False
) -> Data:
    """Read the rows that a plan in some folder names, so far as they exist.

    Args:
        files: The user's files.
        folder: Where the plan will lie.
        train: What was read of the rows to learn from already.
        labelled: Whether texts with classes are rows, too: questions whose answers are the classes.
        talks: Whether rows to learn from and to choose by may be conversations of several turns.

    Raises:
        UserError: A file holds wrong rows; lists each.
    """
    if labelled and (found := _labelled(files, folder, train)):
        return found
    try:
        parts = {
            "train": _rows(files.train, folder, train, talks=talks),
            "validation": _rows(files.validation, folder, talks=talks),
            "test": _rows(files.test, folder),
        }
    except UserError:
        if labelled:
            _refuse_mixed(files, folder)  # rows of another kind than the first file's are not wrong in themselves
        else:
            _refuse_classes(files, folder, train)
        raise
    rows = parts["train"] or parts["test"] or parts["validation"]
    return Data(
        parts={name: part for name, part in parts.items() if part},
        rows=rows,
        form=recognise(rows, measured=parts["test"], others=parts["validation"]),
        question_tokens=_longest([_before_answer(row) for row in rows]),
        answer_tokens=_longest([row.answer for row in rows]),
    )


def _labelled(files: Files, folder: Path, train: Read | None) -> Data | None:
    """Return what texts with classes say; None where the rows to learn from, or else those to measure on, are none."""
    there = _there(files, folder)
    if not there or not is_labelled(next(iter(there.values())), train if "train" in there else None):
        return None
    parts = {part: read_compared(place) for part, place in there.items()}
    check_alike({there[part]: found.rows_as_read for part, found in parts.items()})
    if "train" in parts:
        check_classes(parts["train"].labelled, there["train"])  # what is rare is told when the plan runs
    first = next(iter(parts.values()))
    return Data(
        parts={part: tuple(found.rows) for part, found in parts.items()},
        rows=tuple(first.rows),
        form=AnswerForm(),
        question_tokens=_longest([row.question for row in first.rows]),
        answer_tokens=_longest([row.answer for row in first.rows]),
        classes=first.classes,
        several=first.several,
    )


def _there(files: Files, folder: Path) -> dict[str, Path]:
    """Return the files that are there, rows to learn from first."""
    names = {"train": files.train, "test": files.test, "validation": files.validation}
    places = {part: place_of(name, folder) for part, name in names.items() if name}
    return {part: place for part, place in places.items() if place.is_file()}


def _refuse_classes(files: Files, folder: Path, train: Read | None) -> None:
    for part, place in _there(files, folder).items():
        if is_labelled(place, train if part == "train" else None):
            raise UserError(say("planning.classes", path=place), say("planning.classes_hint"))


def _refuse_mixed(files: Files, folder: Path) -> None:
    check_alike({place: read_compared(place).rows_as_read for place in _there(files, folder).values()})


def _rows(name: str | None, folder: Path, read: Read | None = None, *, talks: bool = False) -> tuple[Row, ...]:
    if name is None or not place_of(name, folder).is_file():
        return ()
    return tuple((read_learnt if talks else read_rows)(place_of(name, folder), read))


def _before_answer(row: Row) -> str:
    return "\n".join(turn.content for turn in row.turns[:-1]) if isinstance(row, Talk) else row.question


def make_prompt(
    data: Data, examples: int, family: str | None, *, passages: bool, choices: Sequence[str] = ()
) -> Prompt:
    """Return the prompt: what to do, the form of answers, and a few rows that show it.

    Args:
        data: The rows.
        examples: How many rows to show in each language.
        family: The task's family; None when unknown.
        passages: Whether the plan has an index, whose passages the questions come with.
        choices: The answers to choose from, where they are few.
    """
    chinese = [outline for outline in data.form.outlines if is_chinese(outline)]
    english = [outline for outline in data.form.outlines if not is_chinese(outline)]
    instruction = Text(
        zh=_task("zh", family, passages)
        + _form_text("zh", chinese or english)
        + choices_text("zh", choices, data.several),
        en=_task("en", family, passages)
        + _form_text("en", english or chinese)
        + choices_text("en", choices, data.several),
    )
    learnt = [row for row in data.parts.get("train", ()) if not isinstance(row, Talk)]
    # a prompt that shows rows to measure on would be measured on what it shows
    return with_examples(Prompt(instruction=instruction), learnt, examples)


def _task(language: Language, family: str | None, passages: bool) -> str:
    if passages:
        return say_in(language, "planning.instruction")
    return say_in(language, f"planning.instruct.{family if family in INSTRUCTED else 'default'}")


def _form_text(language: Language, outlines: Sequence[str]) -> str:
    return say_in(language, "planning.instruction_form", form=outlines[0]) if outlines else ""


def choices_text(language: Language, choices: Sequence[str], several: bool) -> str:
    """Return the sentence of an instruction that lists the answers to choose from; empty where there are none.

    Args:
        language: Of the instruction.
        choices: The answers.
        several: Whether any number of them may apply.
    """
    if not choices:
        return ""
    key = "planning.instruction_several" if several else "planning.instruction_choices"
    return say_in(language, key, choices=say_in(language, "advice.comma").join(choices))


def _longest(texts: Sequence[str]) -> int:
    return round(max((len(token_starts(text)) for text in texts), default=0) * TOKENS_PER_UNIT)
