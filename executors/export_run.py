"""Write a plan's fine-tuning for another tool: each is a file in ``executors/exports``, found by its presence."""

import json
import shutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Protocol, cast

from ..knowledge.durable import flush_folder, write_text
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from . import exports
from .recipe import LORA, Recipe

Contents = Mapping[str, str]
"""Contents of files by their names."""


class Exporter(Protocol):
    """What a file in ``executors/exports`` offers.

    Attributes:
        METHODS: The fine-tuning methods that the tool has as ftadvisor means them.
    """

    METHODS: tuple[str, ...]

    def export(self, recipe: Recipe, /) -> Contents:
        """Return the files that the tool needs."""

    def command(self, recipe: Recipe, /) -> str:
        """Return what starts the training, in the folder of the files."""


def exporter(tool: str) -> Exporter:
    """Import what writes for one tool."""
    return cast(Exporter, import_module(f"{exports.__name__}.{tool}"))


def export_run(recipe: Recipe, tool: str, folder: Path) -> str:
    """Write the files of a tool at one stroke, and return the command that trains.

    Args:
        recipe: The fine-tuning.
        tool: One of ``exports.TOOLS``.
        folder: Appears whole; must not exist.

    Raises:
        UserError: The tool does not have the method, or the folder is there.
    """
    refuse_export(recipe, tool, folder)
    found = exporter(tool)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, content in found.export(recipe).items():
        write_text(part / name, content)
    part.rename(folder)
    flush_folder(folder.parent)
    return found.command(recipe)


def refuse_export(recipe: Recipe, tool: str, folder: Path) -> None:
    """Check that a tool can be written for, before anything is written; its arguments are those of ``export_run``.

    Raises:
        UserError: The tool does not have the method, would leave rows out, or the folder is there.
    """
    methods = exporter(tool).METHODS
    if recipe.method not in methods:
        values = {"tool": tool, "method": recipe.method, "methods": ", ".join(methods)}
        raise UserError(say("exports.no_method", **values), say("exports.no_method_hint"))
    if folder.exists():
        raise UserError(say("data.folder_exists", path=folder), say("data.folder_exists_hint"))
    exporter(tool).export(recipe)  # which refuses rows that the tool would not learn


def lora_method(recipe: Recipe) -> bool:
    """Tell whether LoRA's matrices are trained, over whatever base."""
    return recipe.method in LORA


def yaml_of(values: Mapping[str, object]) -> str:
    """Return settings as YAML, in their order."""
    from ruamel.yaml import YAML

    yaml, text = YAML(), StringIO()
    yaml.width = 10_000
    yaml.dump(dict(values), text)
    return text.getvalue()


def lines_of(rows: Sequence[object]) -> str:
    """Return one JSON value a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
