"""Answers that are counted in the user's own files instead of asked for."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..executors.data import Row, read_rows
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
    rows = read_rows(path)
    seen: dict[str, object] = {"labelled_examples": len(rows), "language": _language(rows)}
    classes = {row.answer for row in rows}
    if 2 <= len(classes) <= len(rows) / ROWS_PER_CLASS and max(map(len, classes)) <= LONGEST_LABEL:
        seen |= {"task_type": "classification", "n_classes": len(classes)}
    return {field: value for field, value in seen.items() if value is not None}


def _language(rows: Sequence[Row]) -> str | None:
    """Return ``zh`` or ``en`` where nearly all questions are in it, ``multi`` where they are in either, else None."""
    chinese = sum(is_chinese(row.question) for row in rows) / len(rows)
    english = sum(bool(_ENGLISH.search(row.question)) and not is_chinese(row.question) for row in rows) / len(rows)
    if max(chinese, english) >= NEARLY_ALL:
        return "zh" if chinese >= NEARLY_ALL else "en"
    return "multi" if chinese + english >= NEARLY_ALL else None


def measure(field: str, path: Path) -> int:
    """Return the number of rows of a data file, or of tokens in documents.

    Args:
        field: One of ``MEASURED``.
        path: A JSONL file of rows; for documents a file or a folder.

    Raises:
        UserError: The file cannot be read; lists each wrong row.
    """
    if field == "labelled_examples":
        return len(read_rows(path))
    return sum(len(token_starts(document.text)) for document in read_sources([path]).documents)
