"""Check a file of training data: what each row lacks, what rows do to one another, and what they repeat of a test."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .data import ANSWERED
from .fault import Fault, fault
from .layout import lacking, layout, layout_names, layout_of
from .overlap import find_overlaps
from .raw_rows import RawRow, read_raw

LONGEST = 4096
"""Tokens; a longer row is worth a word where no model says what it can read."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LOST = re.compile(r"\ufffd|[\ud800-\udfff]")
MISREAD = re.compile(r"Ã[\u0080-\u00bf]|â€[\u0080-\u2122]|锟斤拷|烫烫烫|ï¼|ã€")
"""What UTF-8 looks like when it is read as another encoding."""

Count = Callable[[str], int]
"""Counts the tokens of a text."""


@dataclass(frozen=True)
class CheckedRow:
    """Hold one row that can be learnt from.

    Attributes:
        line: Where it begins in its file, from 1.
        layout: How it is laid out.
        values: Its fields.
        asked: What the model sees.
        wanted: What it should answer; empty in plain text.
        classes: Its classes; empty in layouts without any.
        tokens: Tokens of what is asked and wanted.
    """

    line: int
    layout: str
    values: dict[str, Any]
    asked: str
    wanted: str
    classes: tuple[str, ...]
    tokens: int

    @property
    def key(self) -> str:
        """What is asked, without what does not make it another question: case and white space."""
        return " ".join(self.asked.casefold().split())


@dataclass(frozen=True)
class Checked:
    """Hold what a check found.

    Attributes:
        layout: How most rows are laid out; None where no row has a known layout.
        total: How many rows the file has, broken ones included.
        rows: Those that can be learnt from.
        faults: All problems by line.
    """

    layout: str | None
    total: int
    rows: list[CheckedRow]
    faults: list[Fault]

    @property
    def serious(self) -> int:
        """How many problems are such that a row cannot be learnt from."""
        return sum(one.serious for one in self.faults)


def check_file(path: Path, count: Count, longest: int = LONGEST, test: Path | None = None) -> Checked:
    """Check a file of any known layout and format.

    Args:
        path: JSONL, JSON, CSV, TSV or text.
        count: Counts tokens.
        longest: Rows with more tokens are told.
        test: Held-out rows that none of the file's rows should repeat.

    Raises:
        UserError: There is no such file, or it is not text.
    """
    raw, faults = read_raw(path)
    broken = len({one.line for one in faults if one.kind != "encoding"})
    name = _main_layout(raw)
    rows = []
    for one in raw:
        own = _own_layout(one, name)
        found = list(_wrong(one, own))
        faults += found
        if own and not any(each.serious for each in found):
            rows.append(_checked(one, own, count))
    faults += [*_long(rows, longest), *_repeated(rows), *_alone(rows, name)]
    if not raw and not faults:
        faults.append(fault(1, "no_rows"))
    if test is not None:
        faults += _leaking(rows, check_file(test, count).rows)
    return Checked(name, len(raw) + broken, rows, sorted(faults, key=lambda one: (one.line, one.kind)))


def refuse_other_layout(checked: Checked, path: Path) -> str:
    """Return the layout that was found.

    Raises:
        UserError: There is none.
    """
    if checked.layout is None:
        raise UserError(say("data.no_layout", path=path), say("data.fix_unknown_layout"))
    return checked.layout


def _main_layout(raw: Sequence[RawRow]) -> str | None:
    found = Counter(name for row in raw if (name := layout_of(row.values.keys())))
    if not found:
        return None
    return max(found, key=lambda name: (found[name], -layout_names().index(name)))


def _own_layout(row: RawRow, name: str | None) -> str | None:
    """Return how a row is laid out: as most rows, or otherwise where rows of both learn to answer."""
    own = layout_of(row.values.keys())
    return own if own in ANSWERED and name in ANSWERED and lacking(name, row.values.keys()) else name


def _wrong(row: RawRow, name: str | None) -> Iterator[Fault]:
    if name is None:
        yield fault(row.line, "unknown_layout", fields=", ".join(map(str, row.values)))
        return
    if missing := lacking(name, row.values.keys()):
        yield fault(row.line, "missing_field", fields=", ".join(missing), layout=say(f"data.layout_{name}"))
        return
    for kind, values in layout(name).wrong(row.values):
        yield fault(row.line, kind, **values)
    text = "\n".join(_strings(row.values))
    if LOST.search(text):
        yield fault(row.line, "lost_characters")
    if found := CONTROL.search(text):
        yield fault(row.line, "control_characters", code=f"U+{ord(found[0]):04X}")
    if found := MISREAD.search(text):
        yield fault(row.line, "mojibake", sample=found[0])


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in _strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in _strings(part))


def _checked(row: RawRow, name: str, count: Count) -> CheckedRow:
    own = layout(name)
    asked, wanted = own.asked(row.values), own.wanted(row.values)
    classes, tokens = tuple(own.classes(row.values)), count(asked) + count(wanted)
    return CheckedRow(row.line, name, row.values, asked, wanted, classes, tokens)


def _long(rows: Sequence[CheckedRow], longest: int) -> Iterator[Fault]:
    for row in rows:
        if row.tokens > longest:
            yield fault(row.line, "too_long", tokens=row.tokens, longest=longest)


def _repeated(rows: Sequence[CheckedRow]) -> Iterator[Fault]:
    """Yield rows that say the same as an earlier one, or ask the same and answer otherwise."""
    first: dict[str, CheckedRow] = {}
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        before = first.setdefault(row.key, row)
        same = seen.setdefault((row.key, " ".join(row.wanted.split())), row.line)
        if same != row.line:
            yield fault(row.line, "duplicate", first=same)
        elif before is not row:
            yield fault(row.line, "contradiction", first=before.line, here=row.wanted[:60], there=before.wanted[:60])


def _alone(rows: Sequence[CheckedRow], name: str | None) -> Iterator[Fault]:
    """Yield classes that have a single example, or that there is only one class."""
    counts = Counter(label for row in rows for label in row.classes)
    if name == "labelled" and len(rows) > 1 and len(counts) == 1 and "label" in rows[0].values:
        yield fault(rows[0].line, "one_class", label=next(iter(counts)))
        return
    for row in rows:
        for label in row.classes:
            if counts[label] == 1:
                yield fault(row.line, "single_example", label=label)


def _leaking(rows: Sequence[CheckedRow], test: Sequence[CheckedRow]) -> Iterator[Fault]:
    """Yield all rows that ask what the test asks, each with the test's row that is most like it."""
    for overlap in find_overlaps([row.asked for row in rows], [row.asked for row in test]):
        kind = "leaks_test" if overlap.exact else "near_test"
        yield fault(rows[overlap.test].line, kind, test=test[overlap.training].line)
