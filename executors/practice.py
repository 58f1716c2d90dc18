"""Rows to practise along with those to learn from, and what of a plan is known of them before it runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .plan import Plan
from .prompt import Prompt
from .step import input_path
from .task import ReadRow, TaskBase, task_class

SHOWN = 10
"""Of the classes that are not learnt."""


def read_practised(path: Path, task: TaskBase, prompt: Prompt) -> Sequence[ReadRow]:
    """Return the rows to practise along.

    Args:
        path: Their file.
        task: Knows what the rows to learn from told.
        prompt: The plan's prompt.

    Raises:
        UserError: Rows are wrong, or have classes that are not learnt.
    """
    rows: Sequence[ReadRow] = task.read(path, prompt)
    _refuse_unlearnt(rows, task, path)
    return rows


def _refuse_unlearnt(rows: Sequence[ReadRow], task: TaskBase, path: Path) -> None:
    """Refuse rows with classes that are not learnt: such a row teaches nothing, or that it has no class."""
    if strange := sorted(task.unlearnt(rows)):
        shown = ", ".join(strange[:SHOWN]) + (", ..." if len(strange) > SHOWN else "")
        raise UserError(say("training.replay_unlearnt", path=path, shown=shown), say("training.replay_unlearnt_hint"))


def check_practice(plan: Plan, folder: Path) -> None:
    """Check the rows to practise along of each training, against its rows to learn from where these are there.

    Args:
        plan: The plan.
        folder: Where its relative names start.

    Raises:
        UserError: Training would refuse them.
    """
    for number, step in enumerate(plan.steps):
        if getattr(step, "replay", None):
            _check(step, number, plan, folder)


def _check(step: Any, number: int, plan: Plan, folder: Path) -> None:  # noqa: ANN401 - a training
    from .steps.train import parted

    path, train = (input_path(name, plan.steps[:number], folder) for name in (step.replay, step.train))
    if path is None or not path.is_file():
        return
    task = task_class(step.task)
    rows = task.read(path, plan.prompt)
    if train is None or not train.is_file():
        return
    try:
        learnt, _ = parted(task.read(train, plan.prompt), step, plan.seed)
        known = task.study(learnt, train)
    except UserError:  # told by whoever reads them to train
        return
    _refuse_unlearnt(rows, task(step.task_options, known), path)
