"""Read questions from lines of JSON."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.refusal import reason_of


class Question(BaseModel):
    """Hold one question, and the documents that answer it, where they are known.

    Attributes:
        id: The row's own id, or its line number.
        question: What is asked.
        passage_id: The document that answers it.
        relevant: All documents that answer it, when there is not just one.
        made: Whether it was made from the documents, by ``rag questions``.
        answers: What answers it, in one wording or several; texts, or objects with a ``text``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str
    question: str
    passage_id: str | None = None
    relevant: list[str] = []
    made: bool = False
    answers: list[str] = []

    @field_validator("answers", mode="before")
    @classmethod
    def _texts(cls, answers: object) -> object:
        if not isinstance(answers, list):
            return answers
        return [each.get("text") if isinstance(each, dict) else each for each in answers]

    @property
    def answered_by(self) -> set[str]:
        """Return the ids of the documents that answer the question."""
        return {*self.relevant, *([self.passage_id] if self.passage_id else [])}


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a file, in order.

    Args:
        path: JSON lines with ``question``, and optional ``id``, ``passage_id``, ``relevant`` and ``answers``.

    Raises:
        UserError: The file cannot be read, or lines of it are wrong; every one is named.
    """
    questions, problems = [], []
    for number, line in numbered_lines(path):
        try:
            questions.append(Question.model_validate({"id": str(number), **json.loads(line)}))
        except (ValueError, TypeError, RecursionError, ValidationError):
            problems.append(str(number))
    if problems or not questions:
        raise UserError(say("rag.wrong_questions", path=path, lines=", ".join(problems[:20]) or "-"))
    return questions


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a file that are not blank, with their numbers from 1.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UserError(say("rag.no_questions", path=path, reason=reason)) from error
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
