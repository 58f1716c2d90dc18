"""Read rows of training and test data, and tell every problem of a file at once, each with its line."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.problems import problems_of
from .prompt import Message, Prompt

SHOWN_PROBLEMS = 20


class Row(BaseModel):
    """Hold one question with its answer; numbers count as texts, as ids and right values often are.

    Attributes:
        line: Where it stands in its file, from 1.
        quote: Text that stands word for word in a document and holds the answer.
        relevant: Ids of documents that hold the answer.
        expected: Right values of the answer's fields, for the metrics.
        language: The row's language, such as ``zh``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    line: int
    id: str
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    quote: str | None = Field(None, min_length=1)
    relevant: tuple[str, ...] = ()
    expected: dict[str, str] = {}
    language: str | None = None


class Turn(BaseModel):
    """Hold one turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str = Field(pattern="^(system|user|assistant)$")
    content: str = Field(min_length=1)


class Conversation(BaseModel):
    """Hold one training row: a conversation that ends with the answer to learn.

    Attributes:
        line: Where it stands in its file, from 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    line: int
    id: str
    messages: tuple[Turn, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _ends_with_an_answer(self) -> "Conversation":
        if self.messages[-1].role != "assistant":
            raise ValueError(say("training.data_no_answer"))
        return self

    @property
    def turns(self) -> list[Message]:
        """The messages in the layout that chat templates expect."""
        return [Message(role=turn.role, content=turn.content) for turn in self.messages]


def read_rows(path: Path) -> list[Row]:
    """Read a JSONL file of questions and answers.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    reader = _Reader(path)
    rows = [row for line, values in reader.objects() if (row := reader.parse(Row, line, values))]
    reader.finish([row.id for row in rows])
    return rows


def read_conversations(path: Path, prompt: Prompt) -> list[Conversation]:
    """Read a JSONL file of training rows in either layout.

    Args:
        path: Rows with ``messages``, or with ``question`` and ``answer``.
        prompt: Renders the rows that have a question and no messages: without passages, as asked later without them.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    reader = _Reader(path)
    found = []
    for line, values in reader.objects():
        if "messages" not in values:
            row = reader.parse(Row, line, values)
            if row is None:
                continue
            values = {"id": row.id, "messages": prompt.messages(row.question, None, row.answer)}
        if conversation := reader.parse(Conversation, line, values):
            found.append(conversation)
    reader.finish([row.id for row in found])
    return found


Kind = TypeVar("Kind", Row, Conversation)


class _Reader:
    """Read one file and gather its problems."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(say("problems.no_file", path=path), say("training.data_missing_hint"))
        self.path = path
        self.problems: list[str] = []

    def objects(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield each line's number and its JSON object; blank lines are skipped."""
        for line, text in enumerate(self.path.read_bytes().split(b"\n"), start=1):
            if not text.strip():
                continue
            try:
                values = json.loads(text.decode("utf-8-sig" if line == 1 else "utf-8"))
            except ValueError as error:
                self._problem(line, say("training.data_not_json", error=error))
                continue
            if isinstance(values, dict):
                yield line, values
            else:
                self._problem(line, say("training.data_not_object"))

    def parse(self, kind: type[Kind], line: int, values: dict[str, object]) -> Kind | None:
        """Return the row, or None after noting what is wrong with it."""
        try:
            return kind.model_validate({"id": str(line)} | values | {"line": line})
        except ValidationError as error:
            for problem in problems_of(error):
                self._problem(line, problem.said())
            return None

    def finish(self, ids: list[str]) -> None:
        """Report everything that was wrong, if anything was."""
        twice = [name for name, count in Counter(ids).items() if count > 1]
        if twice:
            self.problems.append(say("training.data_same_id", ids=", ".join(twice[:5])))
        if not self.problems and not ids:
            self.problems.append(say("training.data_empty"))
        if self.problems:
            shown = self.problems[:SHOWN_PROBLEMS]
            if len(self.problems) > len(shown):
                shown.append(say("training.data_more", count=len(self.problems) - len(shown)))
            head = say("problems.in_file", path=self.path, count=len(self.problems))
            raise UserError("\n".join([head, *shown]), say("training.data_hint"))

    def _problem(self, line: int, text: str) -> None:
        self.problems.append(say("problems.line", line=line, text=text))
