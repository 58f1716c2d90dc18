"""What the user's rows say about a plan: the form of answers, examples to show, lengths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..executors.data import Row, read_rows
from ..executors.prompt import Example, Prompt
from ..executors.raw_rows import Read
from ..knowledge.messages import Language, say_in
from ..knowledge.text import Text, is_chinese
from ..rag.tokens import token_starts
from .answer_form import AnswerForm, recognise
from .files import Files, place_of

TOKENS_PER_UNIT = 1.5
"""Words and ideographs become 1 to 1.5 tokens in the vocabularies of current models; the high end cuts nothing off."""

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
    """

    parts: Mapping[str, tuple[Row, ...]]
    rows: tuple[Row, ...]
    form: AnswerForm
    question_tokens: int
    answer_tokens: int


def read_data(files: Files, folder: Path, train: Read | None = None) -> Data:
    """Read the rows that a plan in some folder names, so far as they exist.

    Args:
        files: The user's files.
        folder: Where the plan will lie.
        train: What was read of the rows to learn from already.

    Raises:
        UserError: A file holds wrong rows; lists each.
    """
    parts = {
        "train": _rows(files.train, folder, train),
        "validation": _rows(files.validation, folder),
        "test": _rows(files.test, folder),
    }
    rows = parts["train"] or parts["test"] or parts["validation"]
    return Data(
        parts={name: part for name, part in parts.items() if part},
        rows=rows,
        form=recognise(rows, measured=parts["test"], others=parts["validation"]),
        question_tokens=_longest([row.question for row in rows]),
        answer_tokens=_longest([row.answer for row in rows]),
    )


def _rows(name: str | None, folder: Path, read: Read | None = None) -> tuple[Row, ...]:
    if name is None or not place_of(name, folder).is_file():
        return ()
    return tuple(read_rows(place_of(name, folder), read))


def make_prompt(data: Data, examples: int, family: str | None, *, passages: bool) -> Prompt:
    """Return the prompt: what to do, the form of answers, and a few rows that show it.

    Args:
        data: The rows.
        examples: How many rows to show in each language.
        family: The task's family; None when unknown.
        passages: Whether the plan has an index, whose passages the questions come with.
    """
    chinese = [outline for outline in data.form.outlines if is_chinese(outline)]
    english = [outline for outline in data.form.outlines if not is_chinese(outline)]
    instruction = Text(
        zh=_task("zh", family, passages) + _form_text("zh", chinese or english),
        en=_task("en", family, passages) + _form_text("en", english or chinese),
    )
    return Prompt(instruction=instruction, examples=tuple(_examples(data.rows, examples)))


def _task(language: Language, family: str | None, passages: bool) -> str:
    if passages:
        return say_in(language, "planning.instruction")
    return say_in(language, f"planning.instruct.{family if family in INSTRUCTED else 'default'}")


def _form_text(language: Language, outlines: Sequence[str]) -> str:
    return say_in(language, "planning.instruction_form", form=outlines[0]) if outlines else ""


def _examples(rows: Sequence[Row], count: int) -> list[Example]:
    """Return rows of each language, as different in what they expect as possible, in the order of the file."""
    recurring = _recurring_fields(rows)
    shown: list[Row] = []
    for chinese in (True, False):
        of_language = [row for row in rows if is_chinese(row.question) == chinese]
        first_of_kind: dict[tuple[str, ...], Row] = {}
        for row in of_language:
            first_of_kind.setdefault(tuple(row.expected.get(name, "") for name in recurring), row)
        kinds = list(first_of_kind.values())
        shown += (kinds + [row for row in of_language if row not in kinds])[:count]
    return [Example(question=row.question, answer=row.answer) for row in shown]


def _recurring_fields(rows: Sequence[Row]) -> list[str]:
    """Return the fields whose values recur over the rows: a decision does, an order number does not."""
    names = dict.fromkeys(name for row in rows for name in row.expected)
    values = {name: [row.expected[name] for row in rows if name in row.expected] for name in names}
    return [name for name in names if len({*values[name]}) * 10 <= len(values[name])]


def _longest(texts: Sequence[str]) -> int:
    return round(max((len(token_starts(text)) for text in texts), default=0) * TOKENS_PER_UNIT)
