"""Read files of rows, JSONL or CSV, and tell every problem of a file at once, each with its line."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..knowledge.errors import UserError
from ..knowledge.messages import say

SHOWN_PROBLEMS = 20


def row_objects(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield each row's first line, from 1, and its values; a name that ends with ``.csv`` means CSV.

    Args:
        path: The file.
        problems: Receives what is no row, each with its line.

    Raises:
        UserError: There is no such file, or it is not UTF-8.
    """
    if not path.is_file():
        raise UserError(say("problems.no_file", path=path), say("training.data_missing_hint"))
    yield from (_csv_objects if path.suffix.lower() == ".csv" else _json_objects)(path, problems)


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


def _json_objects(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, object]]]:
    for line, content in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not content.strip():
            continue
        try:
            values = json.loads(content.decode("utf-8-sig" if line == 1 else "utf-8"))
        except ValueError as error:
            problems.append(at_line(line, say("training.data_not_json", error=error)))
            continue
        if isinstance(values, dict):
            yield line, values
        else:
            problems.append(at_line(line, say("training.data_not_object")))


def _csv_objects(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(say("problems.not_utf8", path=path), say("problems.not_utf8_hint")) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # an open quotation: nothing after it can be told apart
            problems.append(at_line(line, say("classify.not_csv", problem=error)))
            return
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = [cell.strip() for cell in cells]
        elif len(cells) != len(columns):
            problems.append(at_line(line, say("classify.cells", found=len(cells), expected=len(columns))))
        else:
            yield line, dict(zip(columns, cells, strict=True))
