"""What people see of a check of training data, and of what was made of it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..executors.data_check import Checked
from ..executors.fault import Fault
from ..executors.prepare import LEFT_OUT, PARTS
from ..knowledge.messages import say

SHOWN_OF_A_KIND = 5
SHOWN_CLASSES = 10


def checked_lines(path: Path, checked: Checked, figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the rows are laid out, all kinds of problems with their first lines and the remedy, and the figures."""
    layout = say(f"data.layout_{checked.layout}") if checked.layout else say("data.layout_unknown")
    yield say("data.head", path=path, rows=checked.total, layout=layout)
    kinds = Counter(one.kind for one in checked.faults)
    for kind, count in sorted(kinds.items(), key=lambda pair: -pair[1]):
        yield from _kind(kind, count, [one for one in checked.faults if one.kind == kind])
    if not checked.faults:
        yield say("data.no_problems")
    yield from _figures(figures)
    yield say("data.outcome", usable=len(checked.rows), total=checked.total, problems=len(checked.faults))
    if checked.faults and checked.layout:
        yield say("data.next", path=path)


def _kind(kind: str, count: int, faults: list[Fault]) -> Iterator[str]:
    title = "data.serious" if faults[0].serious else "data.warning"
    yield ""
    yield say(title, kind=kind, count=count, fix=faults[0].fix)
    yield from (f"  {say('problems.line', line=one.line, text=one.text)}" for one in faults[:SHOWN_OF_A_KIND])
    if count > SHOWN_OF_A_KIND:
        yield f"  {say('training.data_more', count=count - SHOWN_OF_A_KIND)}"


def _figures(figures: Mapping[str, Any]) -> Iterator[str]:
    tokens, classes = figures["tokens"], figures["classes"]
    yield ""
    if "total" in tokens:
        yield say("data.tokens", **tokens)
    if classes:
        shown = ", ".join(f"{name} ({count})" for name, count in [*classes.items()][:SHOWN_CLASSES])
        yield say("data.classes", count=len(classes), shown=shown + (", ..." if len(classes) > SHOWN_CLASSES else ""))
    if figures["languages"]:
        yield say("data.languages", shown=", ".join(f"{name} ({n})" for name, n in figures["languages"].items()))


def prepared_lines(folder: Path, summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many rows went where."""
    rows = summary["rows"]
    for part in PARTS:
        if rows[part]:
            yield say("data.part", path=folder / f"{part}.jsonl", count=rows[part])
    if rows["left_out"]:
        yield say("data.left_out", path=folder / LEFT_OUT, count=rows["left_out"])
