"""Read the knowledge files: one TOML file per entry, strictly checked, all problems told at once."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from .record import Record
from .toml_folder import read_folder

Entry = TypeVar("Entry", bound=Record)

KNOWLEDGE = Path(__file__).parent
_loaded: dict[type, Mapping[str, Any]] = {}


def load(kind: type[Entry]) -> Mapping[str, Entry]:
    """Return all entries of a kind by id, in the order of their ids.

    Args:
        kind: The record class; its ``folder`` names the folder under ``knowledge/``.

    Raises:
        KnowledgeError: One or more files break the record's contract; lists every problem.
    """
    if kind not in _loaded:
        _loaded[kind] = MappingProxyType(read_entries(kind, KNOWLEDGE / kind.folder))
    found: Mapping[str, Entry] = _loaded[kind]
    return found


def read_entries(kind: type[Entry], folder: Path) -> dict[str, Entry]:
    """Return the entries of a kind in one folder, by id.

    Raises:
        KnowledgeError: One or more files break the record's contract; lists every problem.
    """
    contents, problems = read_folder(folder)
    entries: dict[str, Entry] = {}
    for name, values in contents.items():
        try:
            entries[name] = kind.model_validate({"id": name} | values)
        except ValueError as error:  # pydantic's, which is imported only when it comes
            problems += [f"{folder.parent.name}/{folder.name}/{name}.toml: {place}" for place in _places(error)]
    if problems := problems or kind.problems_together(entries, folder):
        raise KnowledgeError("\n".join(problems))
    return entries


class KnowledgeError(Exception):
    """Report knowledge files that break their contract: a defect of this project, not of the user's input."""


def _places(error: ValueError) -> list[str]:
    from pydantic import ValidationError

    assert isinstance(error, ValidationError)
    return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
