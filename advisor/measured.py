"""Answers that are counted in the user's own files instead of asked for."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..executors.data import Talk, read_learnt
from ..executors.labelled import read_labelled
from ..executors.layout import layout_of
from ..executors.raw_rows import read_raw
from ..executors.row_files import laid_out
from ..knowledge.text import is_chinese
from ..rag.sources import read_sources
from ..rag.tokens import token_starts

MEASURED = {"labelled_examples": "train", "knowledge_tokens": "documents"}
"""Fields that a file can answer, and which of the user's files it is."""

LONGEST_LABEL = 40
"""Characters; longer answers are texts, not names of classes."""

ROWS_PER_CLASS = 5
"""So often an answer recurs on average where answers are classes."""

NEARLY_ALL = 0.9

_ENGLISH = re.compile(r"\b(?:the|is|are|was|of|to|and|what|how|can|my|it|for|with|this|that|you|i)\b", re.IGNORECASE)


def seen_in_rows(path: Path) -> dict[str, object]:
    """Return the answers that a data file gives by itself: its rows, and task, classes and language where they show.

    Raises:
        UserError: The file cannot be read; lists each wrong row.
    """
    asked, classes, task = _read(path)
    seen = {"labelled_examples": len(asked), "language": _language(asked)}
    seen |= {"task_type": task, "n_classes": len(classes) or None}
    return {field: value for field, value in seen.items() if value is not None}


def _read(path: Path) -> tuple[list[str], set[str], str | None]:
    """Return what each row asks, what classes there are, if any, and the task where the rows show it."""
    raw, _ = read_raw(path)
    fields = raw[0].values.keys() if raw else ()
    name = layout_of(fields)
    if name == "labelled":
        labelled = read_labelled(path)
        return [row.text for row in labelled], {label for row in labelled for label in row.labels}, "classification"
    if name == "tagged":
        return [" ".join(values["tokens"]) for _, values in laid_out(path, name)], set(), "ner"
    if name == "extractive" and "answer" not in fields:
        return [values["question"] for _, values in laid_out(path, name)], set(), None
    rows = read_learnt(path)
    asked, answers = [row.question for row in rows], {row.answer for row in rows}
    recur = 2 <= len(answers) <= len(rows) / ROWS_PER_CLASS and max(map(len, answers)) <= LONGEST_LABEL
    recur = recur and not any(isinstance(row, Talk) for row in rows)  # which often end in the same goodbye
    return (asked, answers, "classification") if recur else (asked, set(), None)


def _language(asked: Sequence[str]) -> str | None:
    """Return ``zh`` or ``en`` where nearly all texts are in it, ``multi`` where they are in either, else None."""
    chinese = sum(is_chinese(text) for text in asked) / len(asked)
    english = sum(bool(_ENGLISH.search(text)) and not is_chinese(text) for text in asked) / len(asked)
    if max(chinese, english) >= NEARLY_ALL:
        return "zh" if chinese >= NEARLY_ALL else "en"
    return "multi" if chinese + english >= NEARLY_ALL else None


def measure(field: str, path: Path) -> int:
    """Return the number of rows of a data file, or of tokens in documents.

    Args:
        field: One of ``MEASURED``.
        path: A file of rows in any layout with answers; for documents a file or a folder.

    Raises:
        UserError: The file cannot be read; lists each wrong row.
    """
    if field == "labelled_examples":
        return len(_read(path)[0])
    return sum(len(token_starts(document.text)) for document in read_sources([path]).documents)
