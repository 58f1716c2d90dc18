"""Step ``build_examples``: put retrieved passages into training rows, so that training looks like serving."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from ...knowledge.durable import write_text
from ..data import read_rows
from ..examples import ExampleOptions, build_examples
from ..step import OutputName, Result, StepContext, StepOptions


class _Files(StepOptions):
    """Say what is read and written; stands before the settings in a plan file."""

    inputs: ClassVar = ("train", "validation", "index")
    rows: ClassVar = {"train": "learn", "validation": "choose"}

    kind: Literal["build_examples"] = "build_examples"
    train: str = Field(min_length=1, description="JSONL rows with question, answer and, if known, quote or relevant")
    validation: str | None = Field(None, description="rows of the same layout to choose the best state by")
    index: str = Field(min_length=1, description="the index that also serves")
    output: OutputName = Field("examples", description="folder of train.jsonl and validation.jsonl")


class Options(ExampleOptions, _Files):
    """Describe how training rows with passages are made."""


def execute(options: Options, context: StepContext) -> Result:
    """Write ``train.jsonl`` and, if asked for, ``validation.jsonl``."""
    from ...rag.index import open_index

    index = open_index(context.input(options.index))
    settings = ExampleOptions.model_validate(options.model_dump(include=set(ExampleOptions.model_fields)))
    folder = context.output(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    result: Result = {"output": str(folder)}
    for name, source in (("train", options.train), ("validation", options.validation)):
        if source is None:
            continue
        rows = read_rows(context.input(source))
        built = build_examples(rows, index, context.plan.prompt, settings, context.seed, context.progress)
        write_rows(folder / f"{name}.jsonl", built.rows)
        result[name] = {"rows": len(built.rows), "left_out": list(built.left_out)}
        context.event("examples_built", part=name, rows=len(built.rows), left_out=len(built.left_out))
    return result


def write_rows(path: Path, rows: Sequence[Mapping[str, JsonValue]]) -> None:
    """Write JSONL at one stroke."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
