"""Recognise the fixed form of answers from the rows themselves, so that it can be measured and asked for."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..executors.data import Row
from ..executors.metrics import FieldOptions, keeps_format
from .json_answers import json_objects, json_outline

MOST_FORMS = 4
"""One or two languages write one thing in one or two ways; more ways than this are no fixed form."""

MOST_VALUES = 20
KEPT_SHARE = 0.95
"""So many rows must follow a form for it to be the form."""

_MARKER = re.compile(r"【[^】\n]{1,20}】|\[[^\]\n]{1,20}\]|(?:^|\n)[^\n:：【】\[\]]{1,20}[:：] ?")


@dataclass(frozen=True)
class AnswerForm:
    """Describe what is fixed in answers.

    Attributes:
        fields: The values that answers state and that can be right or wrong.
        format: A regular expression, with one named group per field, that a well-formed answer matches in full;
            None when answers follow no common form, leave parts of it empty, or are JSON, whose keys may come in any
            order.
        outlines: The form in each way of writing it, with the values to choose from where a field lists them, such as
            ``【Clause】…【Decision】approve/refuse【Reply】…``.
    """

    fields: tuple[FieldOptions, ...] = ()
    format: str | None = None
    outlines: tuple[str, ...] = ()


def recognise(rows: Sequence[Row], measured: Sequence[Row] = (), others: Sequence[Row] = ()) -> AnswerForm:
    """Return the fields that rows expect, and the form in which their answers state them.

    Args:
        rows: Rows to learn from; their answers show the form.
        measured: Rows to measure on; a field must be expected by every one of them.
        others: More rows; the values of a field are those of all rows.
    """
    everything = (*rows, *measured, *others)
    names = dict.fromkeys(name for row in everything for name in row.expected)
    judged = [name for name in names if all(name in row.expected for row in measured)]
    found = [_field(name, {row.expected[name] for row in everything if name in row.expected}) for name in judged]
    fields = tuple(field for field in found if field)
    if objects := json_objects([row.answer for row in rows]):
        outline = json_outline(objects, {field.name: field.values for field in fields if field.values})
        return AnswerForm(fields=fields, outlines=(outline,) if outline else ())
    split = [(row, markers) for row in rows if (markers := tuple(_MARKER.findall(row.answer.strip())))]
    forms = Counter(markers for _, markers in split).most_common(MOST_FORMS)
    lengths = {len(markers) for markers, _ in forms}
    if len(lengths) != 1 or sum(count for _, count in forms) < KEPT_SHARE * len(rows):
        return AnswerForm(fields=fields)
    listed = {field.name for field in fields if field.values}
    led = 2 * sum(bool(_pieces(row)[0]) for row, _ in split) > len(split)
    expression = _expression([markers for markers, _ in forms], [_holders(row) for row, _ in split])
    expression = f".+?{expression}" if led else expression
    outlines = [_outline(form, [row for row, own in split if own == form], listed) for form, _ in forms]
    kept = sum(keeps_format(row.answer, expression) for row in rows)
    return AnswerForm(
        fields=fields,
        format=expression if kept >= KEPT_SHARE * len(rows) else None,
        outlines=tuple(f"…{outline}" if led else outline for outline in outlines),
    )


def _outline(markers: tuple[str, ...], rows: Sequence[Row], listed: set[str]) -> str:
    """Return a form with the values that its rows state in the listed fields: nobody can guess a house's labels."""
    stated: dict[int, list[str]] = {}
    for row in rows:
        for position, name in _holders(row).items():
            if name in listed:
                stated.setdefault(position, []).append(row.expected[name])
    choices = {position: set(values) for position, values in stated.items() if 2 * len(values) > len(rows)}
    blanks = ["/".join(sorted(choices.get(position, {"…"}))) for position in range(len(markers))]
    return "".join(f"{marker}{blank}" for marker, blank in zip(markers, blanks, strict=True))


def _field(name: str, values: set[str]) -> FieldOptions | None:
    patterns = {_generalised(value) for value in values}
    if any(re.search(r"\d", value) for value in values) and len(patterns) <= MOST_FORMS:
        return FieldOptions(name=name, pattern="|".join(sorted(patterns)))
    return FieldOptions(name=name, values=tuple(sorted(values))) if len(values) <= MOST_VALUES else None


def _generalised(value: str) -> str:
    """Return a pattern of values that differ from this one in their numbers and capitals only: ``B-26``, ``K-774``."""
    pieces = re.split(r"(\d+|[A-Z]+)", value)
    return "".join(r"\d+" if p.isdecimal() else "[A-Z]+" if re.fullmatch("[A-Z]+", p) else _plain(p) for p in pieces)


def _holders(row: Row) -> dict[int, str]:
    """Return which piece of an answer, counted by its marker, states which field."""
    pieces = _pieces(row)[1:]
    return {pieces.index(value): name for name, value in row.expected.items() if value in pieces}


def _pieces(row: Row) -> list[str]:
    """Return what stands before the first marker, and behind each one."""
    return [piece.strip() for piece in _MARKER.split(row.answer.strip())]


def _expression(forms: Sequence[tuple[str, ...]], holders: Sequence[dict[int, str]]) -> str:
    parts = []
    for position, markers in enumerate(zip(*forms, strict=True)):
        distinct = list(dict.fromkeys(_plain(marker) for marker in markers))
        parts.append(distinct[0] if len(distinct) == 1 else f"(?:{'|'.join(distinct)})")
        names = Counter(holder.get(position) for holder in holders).most_common(1)
        name = names[0][0] if names and names[0][1] >= KEPT_SHARE * len(holders) else None
        parts.append(f"(?P<{name}>.+?)" if name and name.isidentifier() else ".+?")
    return "".join(parts)


def _plain(text: str) -> str:
    return re.escape(text).replace("\\\n", "\\n").replace("\\ ", " ").replace("\\-", "-")
