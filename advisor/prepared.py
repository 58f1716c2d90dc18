"""Files that a plan prepares: rows in the layout that steps by hand need, and the form of answers."""

import csv
import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

from ..executors.data import Row, Talk
from ..executors.plan import Plan
from ..executors.prompt import Message, Prompt
from ..knowledge.handwork import Handwork
from .answer_schema import schema_of
from .plan_data import Data

FOLDER = "prepared"
"""Beside the plan; each plan has its own folder in it."""
SCHEMA = "answer.schema.json"


def prepare(handwork: Sequence[Handwork], data: Data, prompt: Prompt, stem: str) -> dict[str, str]:
    """Return the contents of the files that the steps by hand start from, by path as seen from the plan.

    Args:
        handwork: What is left by hand.
        data: What was read from the rows; what is not there yet cannot be prepared.
        prompt: The plan's prompt.
        stem: The plan's name without its ending.
    """
    found: dict[str, str] = {}
    for entry in handwork:
        if entry.prepares == "table":
            found |= {f"{name}.csv": _table(rows) for name, rows in data.parts.items()}
        elif entry.prepares == "messages":
            learnt = {name: rows for name, rows in data.parts.items() if name != "test"}  # which no tuning may see
            found |= {f"{name}.jsonl": _messages(rows, prompt) for name, rows in learnt.items()}
        elif entry.prepares == "schema" and (schema := schema_of(data)):
            found[SCHEMA] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return {prepared_name(stem, name): content for name, content in found.items()}


def needed(handwork: Sequence[Handwork], plan: Plan) -> list[Handwork]:
    """Return what is left by hand, without the form of answers where no step of the plan reads one from a file."""
    reads = any(getattr(step, "answer_schema", None) for step in plan.steps)
    without: dict[str, Any] = {"before": None, "prepares": ""}
    return [entry if reads or entry.prepares != "schema" else entry.model_copy(update=without) for entry in handwork]


def prepared_name(stem: str, name: str) -> str:
    """Return the path of a prepared file as seen from the plan.

    Args:
        stem: The plan's name without its ending.
        name: The file's.
    """
    return f"{FOLDER}/{stem}/{name}"


def _table(rows: Sequence[Row]) -> str:
    """Return the rows with the columns text and label."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("text", "label"))
    writer.writerows((row.question, row.answer) for row in rows)
    return out.getvalue()


def _messages(rows: Sequence[Row], prompt: Prompt) -> str:
    """Return the rows as conversations, one JSON object a line, as vendors' tuning services take them."""
    return _lines({"messages": _turns(row, prompt)} for row in rows)


def _turns(row: Row, prompt: Prompt) -> list[Message]:
    if isinstance(row, Talk):
        return [Message(role=turn.role, content=turn.content) for turn in row.turns]
    return prompt.messages(row.question, answer=row.answer)


def _lines(entries: Any) -> str:  # noqa: ANN401 - any number of JSON values
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)
