"""Files that a plan prepares for the steps by hand: rows and documents in the layout that those steps need."""

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ..executors.data import Row
from ..executors.prompt import Prompt
from ..knowledge.handwork import Handwork
from ..rag.sources import read_sources
from .files import Files, place_of
from .plan_data import Data

FOLDER = "prepared"
"""Beside the plan; each plan has its own folder in it."""

MOST_SHOTS = 1000
"""More examples than this in one prompt have hardly been measured (evidence many-shot-long-context)."""


def prepare(
    handwork: Sequence[Handwork], files: Files, folder: Path, data: Data, prompt: Prompt, stem: str
) -> dict[str, str]:
    """Return the contents of the files that the steps by hand start from, by path as seen from the plan.

    Args:
        handwork: What is left by hand.
        files: The user's files; what is not there yet cannot be prepared.
        folder: The plan's folder.
        data: What was read from the rows.
        prompt: The plan's prompt.
        stem: The plan's name without its ending.
    """
    found: dict[str, str] = {}
    for entry in handwork:
        if entry.prepares == "table":
            found |= {f"{name}.csv": _table(rows) for name, rows in data.parts.items()}
        elif entry.prepares == "messages":
            found |= {f"{name}.jsonl": _messages(rows, prompt) for name, rows in data.parts.items()}
        elif entry.prepares == "schema" and (schema := _schema(data)):
            found["answer.schema.json"] = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        elif entry.prepares == "many_shot" and data.rows:
            found["prompt.jsonl"] = _many_shot(data.rows)
        elif entry.prepares == "full_text" and (text := _full_text(files, folder)):
            found["documents.md"] = text
    return {f"{FOLDER}/{stem}/{name}": content for name, content in found.items()}


def _table(rows: Sequence[Row]) -> str:
    """Return the rows with the columns text and label."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("text", "label"))
    writer.writerows((row.question, row.answer) for row in rows)
    return out.getvalue()


def _messages(rows: Sequence[Row], prompt: Prompt) -> str:
    """Return the rows as conversations, one JSON object a line, as vendors' tuning services take them."""
    return _lines({"messages": prompt.messages(row.question, answer=row.answer)} for row in rows)


def _many_shot(rows: Sequence[Row]) -> str:
    """Return examples as turns of one prompt, answers taken in turn so that each kind is shown early and as often."""
    by_answer: dict[str, list[Row]] = {}
    for row in rows:
        by_answer.setdefault(row.answer, []).append(row)
    places = {row.line: (turn, answer) for answer, same in by_answer.items() for turn, row in enumerate(same)}
    chosen = sorted(rows, key=lambda row: places[row.line])[:MOST_SHOTS]
    shown = [(("user", row.question), ("assistant", row.answer)) for row in chosen]
    return _lines({"role": role, "content": content} for pair in shown for role, content in pair)


def _schema(data: Data) -> dict[str, Any] | None:
    """Return the JSON Schema of the answers: of their own keys where they are JSON, else of the expected fields."""
    answers = [_object(row.answer) for row in data.rows]
    if answers and all(answer is not None for answer in answers):
        names = dict.fromkeys(name for answer in answers for name in answer or {})
        fields = {name: _kind([answer[name] for answer in answers if answer and name in answer]) for name in names}
        required = [name for name in names if all(name in (answer or {}) for answer in answers)]
    else:
        fields = {field.name: _values(field.values, field.pattern) for field in data.form.fields}
        required = list(fields)
    if not fields:
        return None
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _object(answer: str) -> dict[str, Any] | None:
    try:
        read = json.loads(answer)
    except json.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None


def _kind(values: Sequence[Any]) -> dict[str, Any]:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    kinds = sorted({names.get(type(value), "null") for value in values})
    return {"type": kinds[0] if len(kinds) == 1 else kinds}


def _values(values: Sequence[str] | None, pattern: str | None) -> dict[str, Any]:
    if values:
        return {"type": "string", "enum": list(values)}
    return {"type": "string", "pattern": f"^(?:{pattern})$"} if pattern else {"type": "string"}


def _full_text(files: Files, folder: Path) -> str:
    """Return all documents one after another, each under its name."""
    places = [place_of(name, folder) for name in files.documents]
    if not places or not all(place.exists() for place in places):
        return ""
    return "\n\n".join(f"# {document.id}\n\n{document.text.strip()}" for document in read_sources(places).documents)


def _lines(entries: Any) -> str:  # noqa: ANN401 - any number of JSON values
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)
