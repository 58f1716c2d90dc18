"""Read the knowledge files: one TOML file per entry, strictly checked, all problems told at once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from .record import Record

Entry = TypeVar("Entry", bound=Record)


@cache
def load(kind: type[Entry]) -> Mapping[str, Entry]:
    """Return all entries of a kind by id, in the order of their ids.

    Args:
        kind: The record class; its ``folder`` names the folder under ``knowledge/``.

    Raises:
        KnowledgeError: One or more files break the record's contract; lists every problem.
    """
    problems: list[str] = []
    entries: dict[str, Entry] = {}
    folder = files(__package__).joinpath(kind.folder)
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".toml"):
            continue
        name = path.name.removesuffix(".toml")
        try:
            entries[name] = kind.model_validate({"id": name} | tomllib.loads(path.read_text(encoding="utf-8")))
        except tomllib.TOMLDecodeError as error:
            problems.append(f"knowledge/{kind.folder}/{path.name}: {error}")
        except ValidationError as error:
            problems += [f"knowledge/{kind.folder}/{path.name}: {place}" for place in _places(error)]
    if problems:
        raise KnowledgeError("\n".join(problems))
    return MappingProxyType(entries)


class KnowledgeError(Exception):
    """Report knowledge files that break their contract: a defect of this project, not of the user's input."""


def _places(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
