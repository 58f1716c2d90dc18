"""Answers as people read them."""

from ..knowledge.language import LanguageGroup, group_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.quantity import number
from ..knowledge.question import Question
from ..knowledge.task import TaskFamily, find_family


def answer_text(question: Question, value: object) -> str:
    """Return an answer as its option calls it; a task by its family, a rare language by its group; or as it is."""
    label = next((option.label for option in question.option if option.value == value), None)
    if label is not None:
        return str(label)
    if isinstance(value, float | int):
        return number(value)
    kind: TaskFamily | LanguageGroup | None = None
    if question.id == "task_type":
        kind = find_family(str(value))
    elif question.id == "language":
        kind = load(LanguageGroup).get(group_of(str(value)))
    if kind is None:
        return str(value)
    return say("advice.with_variant", path=kind.title, variant=str(value).replace("_", " "))
