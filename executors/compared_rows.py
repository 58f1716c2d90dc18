"""Rows to compare ways to answer on: questions with answers, or texts whose classes are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..knowledge.errors import UserError
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
    def rows_as_read(self) -> Sequence[Row] | Sequence[LabelledRow]:
        """The rows as their file has them."""
        return self.labelled or self.rows

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


def check_alike(files: Mapping[Path, Sequence[Row] | Sequence[LabelledRow]]) -> None:
    """Verify that what is measured on and what is shown as examples are of one kind.

    Args:
        files: The rows of each file, none of them empty.

    Raises:
        UserError: Some are questions and others texts with classes, or only some may have several; names two files.
    """
    kinds = {path: _kind(rows[0]) for path, rows in files.items()}
    first = next(iter(kinds), None)
    for path, kind in kinds.items():
        if first is not None and kind != kinds[first]:
            values = {"one": first, "one_kind": kinds[first], "other": path, "other_kind": kind}
            raise UserError(say("contents.mixed", **values), say("contents.mixed_hint"))


def _kind(row: Row | LabelledRow) -> str:
    """Return the fields that tell what kind of row it is."""
    if isinstance(row, Row):
        return "question + answer"
    return "text + labels" if row.several else "text + label"


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
