"""Read all rows that a plan names before its first step: a wrong line must not show after hours of training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .compared_rows import check_alike, read_compared
from .data import read_rows
from .labelled import LabelledRow, check_classes, read_labelled, unseen_classes
from .overlap import Overlap, find_overlaps
from .plan import Plan
from .practice import check_practice
from .step import RowUse, StepOptions, input_path
from .task import ReadRow, task_class

SHOWN_PAIRS = 10
CLASSIFICATION = "sequence_classification"


@dataclass(frozen=True)
class _File:
    """Hold the questions of a file of rows.

    Attributes:
        use: What the rows are for.
        lines: Where each question stands in the file.
    """

    path: Path
    use: RowUse
    questions: list[str]
    lines: list[int]


def check_contents(plan: Plan, plan_path: Path) -> list[str]:
    """Read the files of rows that a plan names, and compare what it measures on with what it trains on.

    Args:
        plan: The plan; all its files are there.
        plan_path: Its file; relative names start in its folder.

    Returns:
        What people should know although the plan can run: test rows that nearly repeat rows seen in training, and
        classes that are rare or never learnt.

    Raises:
        UserError: Rows are wrong, test rows are training rows, or rows to practise along have classes that are not
            learnt; names each file and line.
    """
    files: dict[tuple[Path, RowUse], _File] = {}
    labelled: dict[Path, list[LabelledRow]] = {}
    compared: dict[int, dict[Path, Any]] = {}
    problems: list[UserError] = []
    for number, step in enumerate(plan.steps, 1):
        for path, use in _named(step, plan.steps[: number - 1], plan_path.parent):
            try:
                rows = _read(step, path, use, plan)
            except UserError as error:
                problems.append(error)
                continue
            if step.kind == "evaluate":
                compared.setdefault(number, {})[path] = rows
            labelled[path] = [row for row in rows if isinstance(row, LabelledRow)]
            files[path, use] = _File(path, use, [row.asked for row in rows], [row.line for row in rows])
    if problems:
        hints = dict.fromkeys(problem.hint for problem in problems)
        raise UserError("\n".join(dict.fromkeys(problem.message for problem in problems)), "\n".join(hints))
    check_practice(plan, plan_path.parent)
    for together in compared.values():
        check_alike(together)
    classes = _class_warnings(plan, plan_path.parent, labelled)
    return [*dict.fromkeys(classes), *_overlapping(list(files.values()))]


def _class_warnings(plan: Plan, folder: Path, labelled: Mapping[Path, list[LabelledRow]]) -> Iterator[str]:
    """Yield which classes are rare, and which are measured but never learnt."""
    for step in plan.steps:
        if step.kind in {"classify", "evaluate"} or getattr(step, "task", None) == CLASSIFICATION:
            train, test = (input_path(getattr(step, option, None), (), folder) for option in ("train", "test"))
            learnt = labelled.get(train, []) if train else []
            if train and learnt:
                yield from check_classes(learnt, train)
            if test and learnt:
                yield from unseen_classes(learnt, labelled.get(test, []), test)


def _named(step: StepOptions, earlier: Sequence[StepOptions], folder: Path) -> Iterator[tuple[Path, RowUse]]:
    for option, use in step.rows.items():
        path = input_path(getattr(step, option), earlier, folder)
        if path is not None:
            yield path, use


def _read(step: StepOptions, path: Path, use: RowUse, plan: Plan) -> Sequence[ReadRow]:
    if step.kind in {"train", "measure"}:
        return task_class(getattr(step, "task")).read(path, plan.prompt)  # noqa: B009 - each kind its own options
    if step.kind == "classify":
        return read_labelled(path)
    if step.kind == "evaluate":
        from .steps.evaluate import check_expected

        compared = read_compared(path)
        if use == "measure":
            check_expected(compared.rows, getattr(step, "fields", ()), path)
        return compared.rows_as_read
    return read_rows(path)


def _overlapping(files: Sequence[_File]) -> list[str]:
    """Refuse test questions that training asks word for word; return a warning per pair of files that are near."""
    refused, warnings = [], []
    for test in (file for file in files if file.use == "measure"):
        for seen in (file for file in files if file.use != "measure"):
            overlaps = find_overlaps(test.questions, seen.questions)
            same = [each for each in overlaps if each.exact]
            near = [each for each in overlaps if not each.exact]
            if same and seen.use == "learn":
                refused.append(_told("contents.same", same, test, seen))
            elif same:
                warnings.append(_told("contents.same", same, test, seen))
            if near:
                warnings.append(_told("contents.near", near, test, seen))
    if refused:
        raise UserError("\n".join(refused), say("contents.same_hint"))
    return warnings


def _told(key: str, overlaps: Sequence[Overlap], test: _File, seen: _File) -> str:
    pairs = [f"{test.lines[each.test]}={seen.lines[each.training]}" for each in overlaps[:SHOWN_PAIRS]]
    shown = ", ".join(pairs) + (", ..." if len(overlaps) > len(pairs) else "")
    return say(key, count=len(overlaps), total=len(test.questions), test=test.path, seen=seen.path, pairs=shown)
