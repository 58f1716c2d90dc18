"""JSON lines: a row is one document, with ``text`` and optional ``id``, ``title`` and ``metadata``."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from ...knowledge.messages import say
from ..encoding import decode
from ..limits import Limits
from ..records import Document, Unread

EXTENSIONS = (".jsonl", ".ndjson")


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    text: str
    id: str | None = None
    title: str | None = None
    metadata: dict[str, JsonValue] | None = None


def read(path: Path, name: str, limits: Limits) -> Iterator[Document | Unread]:
    """Yield each row as a document; further fields go to its metadata."""
    for number, line in enumerate(decode(path.read_bytes()).split("\n"), start=1):
        if line.strip():
            yield _row(line, f"{name}#{number}")


def _row(line: str, name: str) -> Document | Unread:
    try:
        row = _Row.model_validate(json.loads(line, parse_constant=_number, parse_float=_number))
    except (ValueError, RecursionError, ValidationError):
        return Unread(name, say("rag.row_unreadable"))
    metadata = (row.metadata or {}) | (row.model_extra or {})
    return Document(name if row.id is None else row.id, row.text, row.title or "", metadata)


def _number(text: str) -> float | None:
    """Return a number, or None for NaN and what is infinite: JSON has no such numbers, and databases refuse them."""
    number = float(text)
    return number if math.isfinite(number) else None
