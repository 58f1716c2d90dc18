"""Rows that prompting, RAG and fine-tuning can all answer, made from any layout with a question and an answer in it."""

import json
import random
from pathlib import Path
from typing import NamedTuple

from ..executors.data import Row, read_rows
from ..executors.layout import layout, layout_of
from ..executors.raw_rows import read_raw
from ..executors.row_files import laid_out
from ..knowledge.errors import UserError
from ..knowledge.messages import say

TASKS = {"labelled": "classification", "extractive": "qa"}
"""The kind of task of a layout whose rows are put as questions here, which decides how they are asked."""

DIALOGUE = "dialogue_generation"
FIELD = "label"
NONE = "unanswerable"
"""The answer where a passage holds none."""


class PilotRows(NamedTuple):
    """Hold rows as questions and answers, and the kind of task that they are."""

    task: str
    rows: list[Row]


def pilot_rows(path: Path) -> PilotRows:
    """Return the rows of a file.

    A text with a class becomes a question whose answer is judged by the class; a passage is put with its question.

    Raises:
        UserError: The file is missing, or rows are wrong; lists each with its line.
    """
    raw, _ = read_raw(path)
    name = layout_of(raw[0].values.keys()) if raw else None
    if name not in TASKS:
        return PilotRows(DIALOGUE, read_rows(path))
    found = []
    for line, values in laid_out(path, name):
        answer = layout(name).wanted(values) or NONE
        expected = {FIELD: answer} if name == "labelled" and "label" in values else {}
        question = layout(name).asked(values)
        found.append(Row(line=line, id=str(line), question=question, answer=answer, expected=expected))
    return PilotRows(TASKS[name], found)


def drawn(rows: list[Row], most: int, seed: int) -> list[Row]:
    """Return some of the rows, in their order.

    Raises:
        UserError: None is wanted.
    """
    if most < 1:
        raise UserError(say("own.no_rows", count=most), "ftadvisor pilot --help")
    if len(rows) <= most:
        return rows
    places = sorted(random.Random(f"{seed}/pilot").sample(range(len(rows)), most))
    return [rows[place] for place in places]


def as_lines(rows: list[Row]) -> bytes:
    """Return rows as JSONL, with what a question rests on and what is right."""
    kept = ({name: value for name, value in row.model_dump(exclude={"line"}).items() if value} for row in rows)
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in kept).encode()
