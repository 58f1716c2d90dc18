"""Read the rows of a JSONL, JSON, CSV, TSV or text file as they are, in whatever encoding, with every row's line."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..rag.encoding import decode
from ..rag.readers import UnreadableError
from .fault import Fault, fault

MARK = "\ufeff"
DIVIDER = "|"
"""Stands between the classes of a row in a table's column ``labels``."""

TABLES = (".csv", ".tsv")
DELIMITERS = (",", ";", "\t")
"""What divides the cells of a file .csv; where a comma is a decimal mark, spreadsheets write semicolons."""

LISTS = ("labels", "tokens", "words", "tags", "ner_tags")
"""Columns of a table whose cells hold several values."""

NESTED = (*LISTS, "answers", "answer_start", "messages", "conversations", "history", "relevant", "expected")
"""Columns whose cells may hold JSON; in any other one it is a text, such as an answer that is JSON, or turns."""

HALF = re.compile(r"\\u[dD][89abAB]")
"""How JSON writes the first half of a character of two; without its second half it is none."""


@dataclass(frozen=True)
class RawRow:
    """Hold the fields of one row as the file has them.

    Attributes:
        line: Where it begins in its file, from 1, unlike all others; which object of its list it is, where a line of
            a JSON list begins several.
        values: By the names of the fields.
    """

    line: int
    values: dict[str, Any]


Read = tuple[list[RawRow], list[Fault]]
"""What was read of a file: its rows, and what is wrong with it."""


def read_raw(path: Path) -> Read:
    """Return all rows that can be read, and what is wrong with the others and with the file's encoding.

    Args:
        path: JSONL, one JSON list, CSV, TSV, or text whose paragraphs are rows; told apart by the name.

    Raises:
        UserError: There is no such file, or it is not text.
    """
    if not path.is_file():
        raise UserError(say("problems.no_file", path=path), say("problems.no_file_hint"))
    faults: list[Fault] = []
    text = _text(path, faults)
    ending = path.suffix.lower()
    if ending in TABLES:
        rows = list(_table(text, ending, faults))
    elif ending in (".txt", ".md"):
        rows = list(_paragraphs(text))
    elif text.lstrip().startswith("["):
        rows = list(_json_list(text, faults))
    else:
        rows = list(_json_lines(text, faults))
    return rows, faults


def _text(path: Path, faults: list[Fault]) -> str:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            text = decode(content)
        except UnreadableError as problem:
            raise UserError(say("problems.unreadable", path=path, problem=problem), say("data.no_text_hint")) from None
        faults.append(fault(content.count(b"\n", 0, error.start) + 1, "encoding"))
    return text.removeprefix(MARK)


def _json_lines(text: str, faults: list[Fault]) -> Iterator[RawRow]:
    for line, match in enumerate(re.finditer(r"(.*)\n?", text), start=1):  # no copy of the whole text, cut up
        if (content := match[1]).strip():
            try:
                values = READER.decode(content)
            except (ValueError, RecursionError) as error:
                faults.append(_fault_of(line, error))
                continue
            yield from _row(line, values, faults, halves=bool(HALF.search(content)))


def _json_list(text: str, faults: list[Fault]) -> Iterator[RawRow]:
    """Read one JSON list of objects, such as Alpaca's, whose lines or, where these do not differ, numbers tell them."""
    found = list(_members(text))
    lines = [line for line, _ in found]
    if len({*lines}) < len(lines):
        lines = [*range(1, len(lines) + 1)]
    halves = bool(HALF.search(text))
    for line, (_, values) in zip(lines, found, strict=True):
        if isinstance(values, Exception):
            faults.append(_fault_of(line, values))
        else:
            yield from _row(line, values, faults, halves=halves)


def _members(text: str) -> Iterator[tuple[int, object]]:
    """Yield each member with the line it begins on; what cannot be read as the error, and nothing after it."""
    place, counted, line = text.index("[") + 1, 0, 1
    while (place := _skip(text, place)) < len(text) and text[place] != "]":
        line += text.count("\n", counted, place)
        counted = place
        try:
            values, place = READER.raw_decode(text, place)
        except _TwiceError as error:
            yield line, error
            _, place = json.JSONDecoder().raw_decode(text, place)
        except (ValueError, RecursionError) as error:  # nothing after it can be told apart
            yield line, error
            return
        else:
            yield line, values
    behind = _skip(text, place + 1)
    if place >= len(text) or behind < len(text):
        wrong = "Expecting ',' delimiter" if place >= len(text) else "Extra data"
        yield line + text.count("\n", counted, behind), json.JSONDecodeError(wrong, text, min(behind, len(text)))


def _skip(text: str, place: int) -> int:
    found = re.compile(r"[\s,]*").match(text, place)
    return found.end() if found else place


class _TwiceError(ValueError):
    """Say that an object names a field twice; the field is its only argument."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError(_twice([name for name, _ in pairs]))
    return found


def _twice(names: Sequence[str]) -> str | None:
    """Return the first name that stands there a second time; columns of a table may lack one."""
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


READER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=lambda _: None)
"""Reads JSON; NaN, which programs write where a value is missing, is none."""


def _fault_of(line: int, error: Exception) -> Fault:
    if isinstance(error, _TwiceError):
        return fault(line, "field_twice", field=error.args[0])
    return fault(line, "not_json", error=error)


def _row(line: int, values: object, faults: list[Fault], *, halves: bool) -> Iterator[RawRow]:
    """Yield a row, or note why it is none.

    Args:
        line: Where it begins.
        values: What was read.
        faults: Receives what is wrong.
        halves: Whether half characters may be in it.
    """
    if not isinstance(values, dict):
        faults.append(fault(line, "not_object"))
    elif halves and re.search("[\ud800-\udfff]", json.dumps(values, ensure_ascii=False)):
        faults.append(fault(line, "lost_characters"))
    else:
        yield RawRow(line, values)


def _paragraphs(text: str) -> Iterator[RawRow]:
    counted, line = 0, 1
    for match in re.finditer(r"(?m)(?:^[^\S\n]*\S[^\n]*\n?)+", text):  # from a line's start: empty ones may be long
        line += text.count("\n", counted, match.start())
        counted = match.start()
        yield RawRow(line, {"text": match[0].strip()})


def _table(text: str, ending: str, faults: list[Fault]) -> Iterator[RawRow]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may hold a whole document
    reader = csv.reader(_lines(text), strict=True, delimiter=_delimiter(text, ending))
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # an open quotation: nothing after it can be told apart
            faults.append(fault(line, "not_csv", error=error))
            return
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = [cell.strip() for cell in cells]
            if (field := _twice([*filter(None, columns)])) is not None:  # which of the two is meant cannot be told
                faults.append(fault(line, "field_twice", field=field))
                return
        elif len(cells) != len(columns):
            faults.append(fault(line, "cells", found=len(cells), expected=len(columns)))
        else:
            yield RawRow(line, {name: _cell(name, cell) for name, cell in zip(columns, cells, strict=True)})


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends, one by one: ``io.StringIO`` keeps four bytes of each character."""
    return (match[0] for match in re.finditer(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", text))


def _delimiter(text: str, ending: str) -> str:
    """Return what divides cells: where the names of the columns hold no comma, it may be what spreadsheets write."""
    if ending == ".tsv":
        return "\t"
    names = next(filter(str.strip, _lines(text)), "").lstrip()
    return next((mark for mark in DELIMITERS if mark in names), ",")


def _cell(name: str, cell: str) -> object:
    """Return a cell's value: lists are JSON, or divided by ``|`` in labels and by spaces in tokens and tags."""
    if cell.startswith(("[", "{")):
        try:
            found = READER.decode(cell)
        except (ValueError, RecursionError):
            found = None
        if found is not None and (name in NESTED or _are_turns(found)):
            return found
    if name not in LISTS:
        return cell
    return [part for part in (cell.split(DIVIDER) if name == "labels" else cell.split()) if part.strip()]


def _are_turns(found: object) -> bool:
    """Tell whether JSON is a list of messages, as in a table's columns ``prompt`` and ``completion``."""
    turns = found if isinstance(found, list) else []
    return bool(turns) and all(isinstance(turn, dict) and {"role", "content"} <= turn.keys() for turn in turns)
