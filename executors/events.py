"""The run's diary: one JSON object per line, appended and flushed, readable after any crash."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from ..knowledge.durable import append_line
from ..knowledge.json_value import JsonValue

Event = dict[str, JsonValue]

ADVICE = "advice"
"""The event that whoever runs a plan is shown at once; it has a ``text`` and a ``fix``."""

STARTED = "step_started"
"""The event of every attempt at a step; ``anew`` where no earlier one is gone on with."""

Advised = tuple[JsonValue, JsonValue]
"""What tells one piece of advice from another: whom it is about, and its kind."""


def append_event(path: Path, name: str, values: Event) -> None:
    """Add one line and flush it to the disk.

    Args:
        path: The run's ``events.jsonl``.
        name: What happened, such as ``step_started`` or ``loss``.
        values: JSON values that say more; ``event`` and ``time`` are added.
    """
    event = {"event": name, "time": datetime.now(UTC).isoformat(timespec="milliseconds")} | values
    append_line(path, json.dumps(event, ensure_ascii=False))


def advised(values: Event) -> Advised:
    """Return which piece of advice an event gives."""
    return values.get("name"), values.get("kind")


def advised_before(path: Path, step: int) -> set[Advised]:
    """Return the advice that was given since a step was begun anew: going on with it would only repeat that.

    Args:
        path: The run's ``events.jsonl``.
        step: Its number.
    """
    found = set[Advised]()
    for event in read_events(path):
        if event["event"] == STARTED and event["step"] == step and event.get("anew"):
            found.clear()
        elif event["event"] == ADVICE:
            found.add(advised(event))
    return found


def drop_torn_line(path: Path) -> None:
    """Cut off a last line that a crash left without its end, so that the next one starts a line."""
    if not path.exists():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def read_events(path: Path) -> list[Event]:
    """Return all whole events; a line that a crash tore is left out."""
    if not path.exists():
        return []
    events = []
    for line in path.read_bytes().splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:  # torn by a crash or a full disk
            continue
    return events
