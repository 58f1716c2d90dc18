"""Families of tasks: what kind of work the many names of tasks stand for."""

import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from .load import load
from .record import Record
from .text import Text


class TaskFamily(Record):
    """Name one family of tasks and the words that people use for it.

    Attributes:
        words: Names of tasks, lower case with underscores; a longer name that contains one belongs here too.
        skills: Those of the words that ask for a new behaviour by themselves.
        labels_inputs: The output is a label or a span of the input, so that a small encoder can do it.
        uses_knowledge: Answers can depend on facts that stand in documents.
    """

    folder: ClassVar[str] = "tasks"

    title: Text
    words: tuple[str, ...]
    skills: tuple[str, ...] = ()
    labels_inputs: bool = False
    uses_knowledge: bool = False


@cache
def find_family(task_type: str) -> TaskFamily | None:
    """Return the family of a task's name, or None when no known word occurs in it.

    Args:
        task_type: Any name, such as ``qa``, ``legal QA`` or ``合同问答``; the longest known word in it decides.
    """
    name = plain_name(task_type)
    found = [
        (len(word), family) for family in load(TaskFamily).values() for word in family.words if _contains(name, word)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def is_skill(task_type: str) -> bool:
    """Tell whether the task's name by itself asks for a behaviour that the model does not have yet."""
    family = find_family(task_type)
    return family is not None and any(_contains(plain_name(task_type), word) for word in family.skills)


def task_words() -> Iterator[str]:
    """Return every known name of a task."""
    for family in load(TaskFamily).values():
        yield from family.words


def plain_name(name: str) -> str:
    """Return a name in lower case with underscores between its words."""
    return re.sub(r"[\s\-/]+", "_", name.strip().lower())


def _contains(name: str, word: str) -> bool:
    if word.isascii():
        return f"_{word}_" in f"_{name}_"
    return word in name
