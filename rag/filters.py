"""Choose documents by what is known about them, before anything is ranked."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..knowledge.errors import UserError
from ..knowledge.json_value import JsonValue
from ..knowledge.messages import say

if TYPE_CHECKING:
    from .corpus import Documents
    from .records import Document
    from .retrievers import Allowed

Where = Mapping[str, frozenset[str]]
"""By key the values of which a document must have one; it must satisfy every key."""

OWN_KEYS = ("document", "title")
"""What every document has; all other keys are those of its metadata."""


def parse_where(conditions: Sequence[str]) -> Where | None:
    """Return conditions such as ``year=2024`` by key; several values of one key are alternatives.

    Raises:
        UserError: A condition is not written as ``key=value``.
    """
    where: dict[str, frozenset[str]] = {}
    for condition in conditions:
        key, sign, value = condition.partition("=")
        if not (key.strip() and sign):
            raise UserError(say("rag.wrong_where", condition=condition), "ftadvisor rag query --help")
        where[key.strip()] = where.get(key.strip(), frozenset()) | {value.strip()}
    return where or None


def allowed_chunks(where: Where, documents: "Documents") -> "Allowed":
    """Return for each chunk whether its document satisfies the conditions, shape ``(chunks,)``.

    Raises:
        UserError: A key that no document has.
    """
    import numpy as np

    from .corpus import DOCUMENT_COLUMNS

    borders = documents.table.all()[:, DOCUMENT_COLUMNS.index("chunk")]
    allowed = np.zeros(int(borders[-1]), dtype=bool)
    known = {*OWN_KEYS}
    for row in range(len(documents)):
        name, _, title, metadata, _ = documents.line(row)
        known.update(metadata)
        allowed[borders[row] : borders[row + 1]] = _satisfies({**metadata, "document": name, "title": title}, where)
    check_keys(where, known)
    return allowed


def check_keys(where: Where, known: Collection[str]) -> None:
    """Verify that every key is one that documents have.

    Raises:
        UserError: One is not.
    """
    if unknown := sorted(set(where) - set(known)):
        raise UserError(say("rag.unknown_keys", names=", ".join(unknown), known=", ".join(sorted(known)[:20])))


def values_of(document: "Document") -> dict[str, set[str]]:
    """Return all that a document can be chosen by."""
    known: dict[str, JsonValue] = {**document.metadata, "document": document.id, "title": document.title}
    return {key: _values(value) for key, value in known.items()}


def _satisfies(metadata: Mapping[str, JsonValue], where: Where) -> bool:
    return all(_values(metadata.get(key)) & values for key, values in where.items())


def _values(value: JsonValue) -> set[str]:
    """Return a value as text; a list's items are its values, and true is written as JSON writes it."""
    if isinstance(value, list):
        return {text for item in value for text in _values(item)}
    return set() if value is None else {str(value).lower() if isinstance(value, bool) else str(value)}
