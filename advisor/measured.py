"""Answers that are counted in the user's own files instead of asked for."""

from pathlib import Path

from ..executors.data import read_rows
from ..rag.sources import read_sources
from ..rag.tokens import token_starts

MEASURED = {"labelled_examples": "train", "knowledge_tokens": "documents"}
"""Fields that a file can answer, and which of the user's files it is."""


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
