"""Make clean, divided training data of a file: nothing twice, nothing on both sides, nothing dropped in silence."""

import json
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..knowledge.durable import flush_folder, write_json, write_text
from ..knowledge.errors import UserError
from ..knowledge.json_value import JsonValue
from ..knowledge.messages import say
from .data_check import CONTROL, Checked, CheckedRow, refuse_other_layout
from .layout import layout
from .overlap import find_overlaps

PARTS = ("train", "validation", "test")
MOVES = (("test", "train"), ("validation", "train"), ("validation", "test"))
"""Out of which part groups go that nearly repeat something in which other one; never back, so it comes to an end."""

LEFT_OUT, SUMMARY = "left_out.jsonl", "summary.json"
WHOLE_FILE = frozenset({"encoding", "one_class"})
"""Kinds of problems that no single row has."""

DROPPED = frozenset({"duplicate", "leaks_test"})
"""Kinds of problems of rows that are right by themselves."""


@dataclass(frozen=True)
class Wish:
    """Say how data is divided.

    Attributes:
        validation: Share of the rows to choose the best state by, 0 to below 1.
        test: Share of the rows to measure on, 0 to below 1.
        seed: Decides which rows.
        group: Field whose rows of the same value stay together, such as a customer; None for none.
        most_broken: Share of rows that may be left out because they are broken; more is refused.
    """

    validation: float
    test: float
    seed: int
    group: str | None
    most_broken: float


def prepare(checked: Checked, source: Path, folder: Path, wish: Wish) -> dict[str, JsonValue]:
    """Write ``train.jsonl``, ``validation.jsonl``, ``test.jsonl``, what was left out and why, and a summary.

    Rows that ask the same stay on one side. Of classes, each side gets its share; a class with one text is learnt from.
    Where answers are texts, held-out rows that nearly repeat a row to learn from are learnt from, too, and rows to
    choose by that nearly repeat a row to measure on are measured on.

    Args:
        checked: What the check of the source found.
        source: The file.
        folder: Appears at one stroke, whole; must not exist.
        wish: How to divide.

    Raises:
        UserError: The folder exists, no layout was recognised, no row has the field to group by, no row is left, or too
            many are broken.
    """
    name = refuse_other_layout(checked, source)
    _refuse_other_group(checked, wish.group)
    if folder.exists():
        raise UserError(say("data.folder_exists", path=folder), say("data.folder_exists_hint"))
    kept, left = _kept(checked, name)
    broken = checked.total - len(checked.rows)
    if broken > wish.most_broken * checked.total or not kept:
        values = {"path": source, "count": broken, "total": checked.total, "allowed": f"{wish.most_broken:.0%}"}
        raise UserError(say("data.too_many_broken", **values), say("data.too_many_broken_hint", path=source))
    parts = _divide(kept, wish, apart=not any(row.classes for row in kept))
    summary: dict[str, Any] = {
        "source": str(source),
        "sha256": sha256(source.read_bytes()).hexdigest(),
        "layout": name,
        "seed": wish.seed,
        "rows": {"source": checked.total, "left_out": len(left)} | {part: len(rows) for part, rows in parts.items()},
    }
    _write(folder, parts, left, summary)
    return summary


def _refuse_other_group(checked: Checked, group: str | None) -> None:
    fields = dict.fromkeys(field for row in checked.rows for field in row.values)
    if group is not None and checked.rows and group not in fields:
        named = say("advice.comma").join(fields)
        raise UserError(say("data.no_group", group=group, fields=named), say("data.no_group_hint"))


def _kept(checked: Checked, name: str) -> tuple[list[CheckedRow], list[dict[str, JsonValue]]]:
    """Return the rows to keep, and of each other line why it is left out."""
    contradicted = _contradicted(checked) if name == "labelled" else set()
    reasons: dict[int, list[JsonValue]] = defaultdict(list)
    for one in checked.faults:
        if (one.serious and one.kind not in WHOLE_FILE) or one.kind in DROPPED:
            reasons[one.line].append({"kind": one.kind, "text": one.text})
    for line in contradicted:
        reasons[line].append({"kind": "contradiction", "text": say("data.contradicted")})
    left: list[dict[str, JsonValue]] = [{"line": line, "why": why} for line, why in sorted(reasons.items())]
    return [row for row in checked.rows if row.line not in reasons], left


def _contradicted(checked: Checked) -> set[int]:
    """Return the lines of texts that the file gives different classes: which one is right cannot be told."""
    given: dict[str, set[str]] = defaultdict(set)
    for row in checked.rows:
        given[row.key].add(row.wanted)
    return {row.line for row in checked.rows if len(given[row.key]) > 1}


def _divide(rows: Sequence[CheckedRow], wish: Wish, apart: bool) -> dict[str, list[CheckedRow]]:
    """Return the rows of each part, in the order of the file."""
    groups: dict[str, list[CheckedRow]] = defaultdict(list)
    for row in rows:
        own = row.values.get(wish.group) if wish.group else None
        groups[row.key if own in (None, "") else str(own)].append(row)  # what names no group is none
    strata: dict[str, list[str]] = defaultdict(list)
    for key, members in groups.items():
        strata[next(iter(members[0].classes), "")].append(key)
    chance = random.Random(f"{wish.seed}/prepare")
    part_of: dict[str, str] = {}
    for _, keys in sorted(strata.items()):
        shuffled = chance.sample(keys, len(keys))
        for part, share in (("test", wish.test), ("validation", wish.validation)):
            count = min(max(1, round(share * len(keys))), len(shuffled) - 1) if share else 0
            part_of |= dict.fromkeys(shuffled[:count], part)
            shuffled = shuffled[count:]
    divided = {part: [key for key in groups if part_of.get(key, "train") == part] for part in PARTS}
    if apart:
        _put_near_groups_together(divided, groups)
    found = {part: [row for key in keys for row in groups[key]] for part, keys in divided.items()}
    return {part: sorted(members, key=lambda row: row.line) for part, members in found.items()}


def _put_near_groups_together(parts: dict[str, list[str]], groups: Mapping[str, Sequence[CheckedRow]]) -> None:
    """Move groups until none has a row that nearly repeats one of another part."""
    moved = True
    while moved:  # what comes into one part may be near to what is left in another
        moved = False
        for source, goal in MOVES:
            near = _near(parts[source], parts[goal], groups)
            parts[goal] += [key for key in parts[source] if key in near]
            parts[source] = [key for key in parts[source] if key not in near]
            moved |= bool(near)


def _near(held: Sequence[str], learnt: Sequence[str], groups: Mapping[str, Sequence[CheckedRow]]) -> set[str]:
    asked = [(key, row.asked) for key in held for row in groups[key]]
    seen = [row.asked for key in learnt for row in groups[key]]
    return {asked[overlap.test][0] for overlap in find_overlaps([text for _, text in asked], seen)}


def _write(
    folder: Path,
    parts: Mapping[str, Sequence[CheckedRow]],
    left: Sequence[dict[str, JsonValue]],
    summary: dict[str, JsonValue],
) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for kind, rows in parts.items():
        if rows:
            write_text(part / f"{kind}.jsonl", _lines(_clean(layout(row.layout).converted(row.values)) for row in rows))
    if left:
        write_text(part / LEFT_OUT, _lines(left))
    write_json(part / SUMMARY, summary)
    part.rename(folder)
    flush_folder(folder.parent)


def _clean(value: JsonValue) -> JsonValue:
    """Return a value with spaces for control characters, so that every place in a text stays where it is."""
    if isinstance(value, str):
        return CONTROL.sub(" ", value)
    if isinstance(value, dict):
        return {key: _clean(part) for key, part in value.items()}
    return [_clean(part) for part in value] if isinstance(value, list) else value


def _lines(rows: Iterator[JsonValue] | Sequence[dict[str, JsonValue]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
