"""Read rows of text with their class or classes, and tell every problem of a file at once, each with its line."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.problems import problems_of
from .row_files import at_line, refuse_problems, row_objects

SHOWN_CLASSES = 10
RARE = 5
"""Classes with fewer rows than this to learn from are told: their figures can hardly be trusted."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LabelledRow(BaseModel):
    """Hold one text with its classes; numbers count as texts.

    Attributes:
        line: Where it begins in its file, from 1.
        labels: Its classes: exactly one, or any number where ``several``.
        several: Whether rows of this file may have any number of classes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    line: int
    text: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(min_length=1)
    labels: tuple[Label, ...]
    several: bool = False

    @field_validator("labels")
    @classmethod
    def _each_once(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(labels))

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return self.text


def read_labelled(path: Path) -> list[LabelledRow]:
    """Read rows with ``text`` and ``label`` (one class) or ``labels`` (any number), as JSONL or, by its name, CSV.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    problems: list[str] = []
    rows = []
    for line, values in row_objects(path, problems):
        try:
            rows.append(_row(line, values))
        except ValidationError as error:
            problems += [at_line(line, problem.said()) for problem in problems_of(error)]
        except ValueError as error:
            problems.append(at_line(line, str(error)))
    problems += _wrong_together(rows) if rows else [] if problems else [say("training.data_empty")]
    refuse_problems(path, problems, say("classify.data_hint"))
    return rows


def class_counts(rows: Sequence[LabelledRow]) -> dict[str, int]:
    """Return how many rows each class has, classes in the order of their names."""
    return dict(sorted(Counter(label for row in rows for label in row.labels).items()))


def refuse_one_class(classes: Collection[str], several: bool, path: Path) -> None:
    """Refuse rows to learn from with too few classes: one, or none where a row may have several.

    Raises:
        UserError: They have too few.
    """
    if len(classes) < (1 if several else 2):
        raise UserError(say("classify.one_class", path=path, classes=", ".join(classes)), say("classify.data_hint"))


def check_classes(rows: Sequence[LabelledRow], path: Path) -> list[str]:
    """Verify that rows to learn from have two classes, and return a warning where some are rare.

    Raises:
        UserError: There is only one class, or none.
    """
    counts = class_counts(rows)
    refuse_one_class(counts, bool(rows) and rows[0].several, path)
    rare = [f"{label} ({count})" for label, count in counts.items() if count < RARE]
    if not rare:
        return []
    shown = ", ".join(rare[:SHOWN_CLASSES]) + (", ..." if len(rare) > SHOWN_CLASSES else "")
    return [say("classify.rare", path=path, count=len(rare), classes=len(counts), least=RARE, shown=shown)]


def unseen_classes(learnt: Sequence[LabelledRow], measured: Sequence[LabelledRow], path: Path) -> list[str]:
    """Return a warning where rows of a file are measured on that have classes which no row to learn from has."""
    unseen = [*({*class_counts(measured)} - {*class_counts(learnt)})]
    if not unseen:
        return []
    shown = ", ".join(sorted(unseen)[:SHOWN_CLASSES]) + (", ..." if len(unseen) > SHOWN_CLASSES else "")
    return [say("classify.unseen", test=path, shown=shown)]


def _row(line: int, values: dict[str, object]) -> LabelledRow:
    if ("label" in values) == ("labels" in values):
        raise ValueError(say("classify.label_or_labels"))
    several = "labels" in values
    labels = values["labels"] if several else (values["label"],)
    text = {"text": values["text"]} if "text" in values else {}
    return LabelledRow.model_validate({**text, "line": line, "labels": labels, "several": several})


def _wrong_together(rows: Sequence[LabelledRow]) -> list[str]:
    other = next((row for row in rows if row.several != rows[0].several), None)
    return [at_line(other.line, say("classify.mixed", first=rows[0].line))] if other else []
