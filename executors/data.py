"""Read rows of training and test data, and tell every problem of a file at once, each with its line."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..knowledge.messages import say
from ..knowledge.problems import problems_of
from .layout import layout, layout_of
from .prompt import Message, Prompt
from .raw_rows import Read
from .row_files import at_line, refuse_problems, row_objects, serious_faults

OTHER_LAYOUTS = frozenset({"instruction", "prompt_completion", "messages"})
"""Layouts whose rows become a question and an answer, or a conversation."""

ANSWERED = OTHER_LAYOUTS | {"question_answer"}
"""Layouts that one file may mix: a language model learns to answer rows of each."""


def _unblank(value: object) -> object:
    """Return nothing for a text of white space alone, which is as empty as none."""
    return "" if isinstance(value, str) and not value.strip() else value


Filled = Annotated[str, BeforeValidator(_unblank), Field(min_length=1)]


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
    question: Filled
    answer: Filled
    quote: str | None = Field(None, min_length=1)
    relevant: tuple[str, ...] = ()
    expected: dict[str, str] = {}
    language: str | None = None

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return self.question


class Turn(BaseModel):
    """Hold one turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str = Field(pattern="^(system|user|assistant)$")
    content: str = Field(min_length=1)


class Talk(Row):
    """Hold a conversation of more than a question and its answer as the last two of its turns.

    Attributes:
        turns: All of them, a system message included.
    """

    turns: tuple[Turn, ...]


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

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return self.messages[-2].content


def read_rows(path: Path, read: Read | None = None, hint: str | None = None) -> list[Row]:
    """Read questions and answers, or rows in other layouts that come down to these.

    Args:
        path: The file.
        read: What was read of it already.
        hint: What rows may look like, where the caller reads others, too.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    reader = RowReader(path, read)
    rows = [row for line, values in reader.usual() if (row := reader.question(line, values))]
    reader.finish([row.id for row in rows], hint)
    return rows


def read_learnt(path: Path, read: Read | None = None) -> list[Row]:
    """Read questions and answers as ``read_rows`` does, and longer conversations, which are learnt but not measured on.

    Args:
        path: The file.
        read: What was read of it already.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    reader = RowReader(path, read)
    rows = [row for line, values in reader.usual() if (row := reader.answered(line, values))]
    reader.finish([row.id for row in rows])
    return rows


def read_conversations(path: Path, prompt: Prompt) -> list[Conversation]:
    """Read conversations to learn from, in any layout that comes down to them.

    Args:
        path: Rows with ``messages``, with ``question`` and ``answer``, or with one of the other names for these.
        prompt: Renders the rows that have a question and no messages: without passages, as asked later without them.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    reader = RowReader(path)
    found = []
    for line, values in reader.usual():
        if "messages" not in values:
            row = reader.parse(Row, line, values)
            if row is None:
                continue
            values = {"id": row.id, "messages": prompt.messages(row.question, None, row.answer)}
        elif faults := serious_faults("messages", values):
            reader.problems += [at_line(line, text) for text in faults]
            continue
        else:
            values = values | layout("messages").converted(values)
        if conversation := reader.parse(Conversation, line, values):
            found.append(conversation)
    reader.finish([row.id for row in found])
    return found


Kind = TypeVar("Kind", bound=BaseModel)


class RowReader:
    """Read one file and gather its problems."""

    def __init__(self, path: Path, read: Read | None = None) -> None:
        self.path = path
        self.read = read
        self.problems: list[str] = []
        self.taken: set[str] = set()

    def usual(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield rows in other layouts as a question and an answer, or as messages; the others as they are."""
        rows = [*row_objects(self.path, self.problems, self.read)]
        self.taken = {str(values["id"]) for _, values in rows if "id" in values}
        for line, values in rows:
            name = None if {"question", "messages"} & values.keys() else layout_of(values.keys())
            if name is None or name not in OTHER_LAYOUTS:
                yield line, values
            elif faults := serious_faults(name, values):
                self.problems += [at_line(line, text) for text in faults]
            else:
                kept = {"id": values["id"]} if "id" in values else {}
                yield line, kept | layout(name).converted(values)

    def question(self, line: int, values: dict[str, object]) -> Row | None:
        """Return a row as a question and its answer; a conversation only where it is no more than these."""
        if "question" in values or "messages" not in values:
            return self.parse(Row, line, values)
        faults = serious_faults("messages", values)
        turns = [] if faults else layout("messages").converted(values)["messages"]
        if [turn["role"] for turn in turns] == ["user", "assistant"]:
            return self.parse(Row, line, values | {"question": turns[0]["content"], "answer": turns[1]["content"]})
        self.problems += [at_line(line, text) for text in faults or [say("training.data_no_question")]]
        return None

    def answered(self, line: int, values: dict[str, object]) -> Row | None:
        """Return a row as ``question`` does, and a conversation that is more than a question and its answer, too."""
        if "question" in values or "messages" not in values or serious_faults("messages", values):
            return self.question(line, values)
        turns = layout("messages").converted(values)["messages"]
        if [turn["role"] for turn in turns] == ["user", "assistant"]:
            return self.question(line, values)
        last = {"question": turns[-2]["content"], "answer": turns[-1]["content"]}
        return self.parse(Talk, line, {**values, **last, "turns": turns})

    def parse(self, kind: type[Kind], line: int, values: dict[str, object]) -> Kind | None:
        """Return the row, or None after noting what is wrong with it."""
        unnamed = str(line) if str(line) not in self.taken else f"line {line}"  # what other rows are named by hand
        try:
            return kind.model_validate({"id": unnamed} | values | {"line": line})
        except ValidationError as error:
            self.problems += [at_line(line, problem.said()) for problem in problems_of(error)]
            return None

    def finish(self, ids: list[str], hint: str | None = None) -> None:
        """Report everything that was wrong, if anything was."""
        twice = [name for name, count in Counter(ids).items() if count > 1]
        if twice:
            self.problems.append(say("training.data_same_id", ids=", ".join(twice[:5])))
        if not self.problems and not ids:
            self.problems.append(say("training.data_empty"))
        refuse_problems(self.path, self.problems, hint or say("training.data_hint"))
