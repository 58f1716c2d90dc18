"""Read the rows of a file for training and measuring, and tell every problem at once, each with its line."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .fault import WARNINGS
from .layout import lacking, layout
from .raw_rows import Read, read_raw

SHOWN_PROBLEMS = 20


def row_objects(path: Path, problems: list[str], read: Read | None = None) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield each row's first line, from 1, and its values.

    Args:
        path: JSONL, JSON, CSV, TSV or text, told apart by the name.
        problems: Receives what is no row, each with its line.
        read: What was read of the file already.

    Raises:
        UserError: There is no such file, or it is no text.
    """
    rows, faults = read or read_raw(path)
    problems += [at_line(one.line, one.text) for one in faults if one.serious]
    yield from ((row.line, row.values) for row in rows)


def laid_out(path: Path, *names: str) -> list[tuple[int, dict[str, Any]]]:
    """Return all rows of a file as training reads them, each with its first line, from 1.

    Args:
        path: As for ``row_objects``.
        names: Layouts that rows may have, each its own; of several that fit the first one counts.

    Raises:
        UserError: There is no such file, it has no rows, or rows are wrong; lists each with its line.
    """
    problems: list[str] = []
    rows = []
    for line, values in row_objects(path, problems):
        name = next((name for name in names if not lacking(name, values.keys())), None)
        if name is None:
            missing = ", ".join(lacking(names[0], values.keys()))
            problems.append(at_line(line, say("data.fault_missing_field", fields=missing, layout=_title(names[0]))))
            continue
        faults = serious_faults(name, values)
        problems += [at_line(line, text) for text in faults]
        if not faults:
            rows.append((line, layout(name).converted(values)))
    if not rows and not problems:
        problems.append(say("training.data_empty"))
    refuse_problems(path, problems, say("training.layout_hint", layouts=say("advice.comma").join(map(_title, names))))
    return rows


def at_line(line: int, text: str) -> str:
    """Return a problem with its line in front."""
    return say("problems.line", line=line, text=text)


def refuse_problems(path: Path, problems: Sequence[str], hint: str) -> None:
    """Report everything that is wrong with a file, if anything is.

    Raises:
        UserError: There are problems; shows the first of them and counts all.
    """
    if not problems:
        return
    shown = list(problems[:SHOWN_PROBLEMS])
    if len(problems) > len(shown):
        shown.append(say("training.data_more", count=len(problems) - len(shown)))
    head = say("problems.in_file", path=path, count=len(problems))
    raise UserError("\n".join([head, *shown]), hint)


def serious_faults(name: str, values: Mapping[str, Any]) -> list[str]:
    """Return what is so wrong with a row of some layout that nothing can be learnt from it."""
    return [say(f"data.fault_{kind}", **named) for kind, named in layout(name).wrong(values) if kind not in WARNINGS]


def _title(name: str) -> str:
    return say(f"data.layout_{name}")
