"""Rows to compare ways to answer on: questions with answers, or texts whose classes are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..knowledge.messages import say
from .data import Row, read_rows
from .labelled import LabelledRow, class_counts, read_labelled
from .layout import layout_of
from .raw_rows import Read, read_raw

LABELLED = "labelled"
BETWEEN = "\n"
"""Stands between the classes of one text: a class may hold any other sign."""

NO_CLASS = "-"
"""The answer to a text of no class."""


@dataclass(frozen=True)
class ComparedRows:
    """Hold the rows of one file.

    Attributes:
        rows: The rows as questions and answers; the answer to a text is its class, or one class a line.
        labelled: The same rows as texts and classes; empty where they are questions and answers.
    """

    rows: list[Row]
    labelled: list[LabelledRow]

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes in the order of their names; empty where rows have none."""
        return tuple(class_counts(self.labelled))

    @property
    def several(self) -> bool:
        """Whether a text may have any number of classes."""
        return bool(self.labelled) and self.labelled[0].several


def read_compared(path: Path) -> ComparedRows:
    """Read questions and answers in any layout that comes down to these, or texts with ``label`` or ``labels``.

    Raises:
        UserError: The file is missing or empty, or rows are wrong; lists each with its line.
    """
    if not is_labelled(path):
        return ComparedRows(read_rows(path, hint=say("evaluation.rows_hint")), [])
    labelled = read_labelled(path)
    return ComparedRows([_asked(row) for row in labelled], labelled)


def is_labelled(path: Path, read: Read | None = None) -> bool:
    """Tell whether the first row of a file is a text with its class or classes.

    Args:
        path: The file.
        read: What was read of it already.
    """
    rows, _ = read or read_raw(path)
    fields = rows[0].values.keys() if rows else ()
    return "question" not in fields and layout_of(fields) == LABELLED


def answer_of(labels: Sequence[str]) -> str:
    """Return the answer that gives these classes."""
    return BETWEEN.join(labels) or NO_CLASS


def _asked(row: LabelledRow) -> Row:
    return Row(line=row.line, id=str(row.line), question=row.text, answer=answer_of(row.labels))
