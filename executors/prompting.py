"""What the kinds of prompting show and keep to: examples, whole documents, and the form of answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ..knowledge.errors import UserError
from ..knowledge.json_value import JsonValue
from ..knowledge.messages import say
from ..rag.sources import read_sources
from .arms import ArmName
from .compared_rows import NO_CLASS, ComparedRows
from .constraint import Constraint, JsonShape, Labels, Written, any_of
from .data import Row
from .metrics import FieldOptions
from .narrowed import narrowed
from .prompt import Prompt
from .shots import SEAM, most_examples, with_examples
from .window import Window

MOST_SHOTS = 1000
"""More examples than this in one prompt have hardly been measured (evidence many-shot-long-context)."""


class PromptingOptions(BaseModel):
    """Say what is shown in the prompt, and which answers are allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: str | None = Field(None, description="rows that examples in the prompt are drawn from; never test rows")
    shots: int = Field(4, ge=1, description="examples that few_shot and constrained show with each question")
    many_shots: int = Field(
        MOST_SHOTS, ge=1, description="most examples that many_shot shows; fewer where the window is full"
    )
    documents: tuple[str, ...] = Field((), description="files or folders that long_context shows whole")
    choices: tuple[str, ...] = Field((), description="answers that constrained allows; empty: the classes of the rows")
    answer_schema: str | None = Field(
        None, description="JSON Schema file that constrained answers follow, and all answers are measured by"
    )
    window: int | None = Field(None, ge=1, description="tokens that the model reads; null: as its config says")


@dataclass(frozen=True)
class Shown:
    """Hold what the arms of a comparison show.

    Attributes:
        prompts: The prompt of each arm that shows other examples than the plan's.
        documents: Whole texts.
        constraint: The form that constrained answers have, and all answers are measured by.
    """

    prompts: Mapping[ArmName, Prompt] = field(default_factory=dict)
    documents: tuple[str, ...] = ()
    constraint: Constraint | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Return how many examples each arm has, both languages together."""
        return {name: len(prompt.examples) for name, prompt in self.prompts.items() if prompt.examples}


def shown_in(
    arms: Sequence[ArmName],
    options: PromptingOptions,
    prompt: Prompt,
    held: ComparedRows,
    learnt: ComparedRows | None,
    room: Callable[[], Window],
    constraint: Constraint | None,
    documents: Sequence[str],
) -> Shown:
    """Choose the examples of each arm, and see to it that whole documents fit.

    Args:
        arms: What is compared.
        options: Of the comparison.
        prompt: The plan's.
        held: The held-out rows.
        learnt: Rows to draw examples from; None where there are none.
        room: Gives the tokens that a prompt may take, and counts them; asked only where it matters.
        constraint: The form of answers, where one is known.
        documents: Whole texts for ``long_context``.

    Raises:
        UserError: The documents, or as much as one example, do not fit beside the longest question.
    """
    rows: Sequence[Row] = learnt.rows if learnt else ()
    asked = [row.question for row in held.rows]
    prompts: dict[ArmName, Prompt] = {}
    for name in ("few_shot", "constrained"):
        if name in arms and rows:
            prompts[name] = with_examples(prompt, rows, options.shots)
    if "many_shot" in arms:
        window = room()
        prompts["many_shot"] = most_examples(prompt, rows, asked, window.tokens, options.many_shots, window.count)
        if not prompts["many_shot"].examples:
            raise _no_room(with_examples(prompt, rows, 1), asked, window)
    if "long_context" in arms:
        _check_documents(prompt, documents, asked, room())
    return Shown(prompts, tuple(documents), constraint)


def constraint_of(
    options: PromptingOptions,
    form: str | None,
    fields: Sequence[FieldOptions],
    held: ComparedRows,
    learnt: ComparedRows | None,
    schema: Path | None,
) -> Constraint:
    """Return the form that constrained answers keep: choices, a JSON Schema, the rows' classes, or the answers' form.

    Args:
        options: Of the comparison.
        form: Regular expression of a whole answer; None if there is none.
        fields: What stands in the form's named groups.
        held: The held-out rows.
        learnt: Rows to learn from; their classes count, and those of the held-out rows only where there are none.
        schema: The file of the JSON Schema.

    Raises:
        UserError: None of them is known, or the file holds no JSON Schema, or one that cannot be applied.
    """
    if schema is not None:
        return _shape(schema, held)
    names = options.choices or (learnt or held).classes
    if names and held.several:
        return Written(any_of(names, NO_CLASS))
    if names:
        return Labels(tuple(names))
    if form:
        return Written(narrowed(form, fields, [row.answer for row in learnt.rows] if learnt else []))
    raise UserError(say("evaluation.no_form"), say("evaluation.no_form_hint"))


def whole_documents(sources: Sequence[Path]) -> list[str]:
    """Return the texts of all documents, each under its name.

    Raises:
        UserError: A source does not exist, or not one document could be read.
    """
    return [f"# {document.id}\n\n{document.text.strip()}" for document in read_sources(sources).documents]


def _shape(path: Path, held: ComparedRows) -> JsonShape:
    """Return the shape in a file; whether it can be applied shows with the right answers, before any is asked for."""
    shape = JsonShape(_schema(path))
    for row in held.rows:
        shape.holds(row.answer)
    return shape


def _schema(path: Path) -> dict[str, JsonValue]:
    try:
        found: JsonValue = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(say("evaluation.no_schema", path=path, problem=error)) from None
    if not isinstance(found, dict):
        raise UserError(say("evaluation.no_schema", path=path, problem=type(found).__name__))
    return found


def _no_room(prompt: Prompt, asked: Sequence[str], window: Window) -> UserError:
    """Return the error that a prompt with one example is too long."""
    needed = max(window.count(prompt.messages(question, few_shot=True)) for question in dict.fromkeys(asked)) + SEAM
    values = {"needed": needed, "answer": window.answer, "whole": window.whole}
    return UserError(say("evaluation.no_room", **values), say("evaluation.no_room_hint"))


def _check_documents(prompt: Prompt, documents: Sequence[str], asked: Sequence[str], window: Window) -> None:
    longest = max(asked, key=lambda question: window.count(prompt.messages(question)))
    needed = window.count(prompt.messages(longest, documents=documents))
    if needed > window.tokens:
        values = {"needed": needed, "answer": window.answer, "whole": window.whole, "count": len(documents)}
        raise UserError(say("evaluation.documents_too_long", **values), say("evaluation.documents_too_long_hint"))
