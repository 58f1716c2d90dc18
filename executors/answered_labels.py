"""Read a language model's answers as classes, and measure them as a classifier's: same rows, same code."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from .classified import MAJORITY, earlier_answers, majority, matrix
from .compared_rows import ComparedRows
from .constraint import Constraint
from .form_scores import form_scores
from .intervals import difference, interval
from .labelled import LabelledRow, class_counts
from .stated import found_value, held_object, normalised
from .step import StepContext

FIELD = "label"
UNREAD = "-"
"""What a table of mistakes calls an answer that gives no class, or several where there is one."""


def labels_in(answer: str, names: Sequence[str], several: bool) -> tuple[str, ...]:
    """Return the classes that an answer gives; none where it gives none, or several of which only one can be right.

    An answer, or a line of it where there may be several, that is a class to the letter gives that class. In any other
    a class counts where it stands by itself, as for all fields of answers. A JSON object gives what it holds under
    ``label``: one class, or a list where there may be several.

    Args:
        answer: What the model wrote.
        names: All classes.
        several: Whether a text may have any number of classes.
    """
    if not several:
        found = _label(answer, names)
        return () if found is None else (found,)
    if FIELD in (held := held_object(answer)):
        value = held[FIELD]
        values = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(dict.fromkeys(name for value in values for name in labels_in(str(value), names, several)))
    given = [_label(line, names) for line in answer.splitlines()]
    if any(given):
        return tuple(dict.fromkeys(label for label in given if label))
    return tuple(name for name in names if found_value(answer, None, (name,), None, FIELD) == name)


def compare_labels(
    held: ComparedRows,
    answers: Mapping[str, Sequence[str]],
    learnt: Sequence[LabelledRow],
    ours: str,
    context: StepContext,
    form: Constraint | None = None,
) -> dict[str, JsonValue]:
    """Score all arms as classifiers, beside the most frequent class and what earlier classifiers of the plan gave.

    Args:
        held: The held-out rows, texts with classes.
        answers: Each arm's answers, in the rows' order.
        learnt: The rows that examples are drawn from; where there are none, no class is the most frequent one.
        ours: The arm that the others are compared with; one of ``answers``.
        context: Of the step that measures.
        form: What an answer must be, whether an arm is held to it or not; None if nothing is known.

    Returns:
        ``arms``, ``differences``, ``confusion`` and ``signatures``, as a comparison of answers has them.
    """
    from . import classification

    names = tuple(sorted({*held.classes, *class_counts(learnt)}))
    right = matrix(held.labelled, names)
    read = {arm: [labels_in(answer, names, held.several) for answer in written] for arm, written in answers.items()}
    found = earlier_answers(held.labelled, names, context)
    if learnt:
        found = {MAJORITY: majority(class_counts(learnt), len(learnt), held.several, names, len(right))} | found
    found |= {arm: matrix(_given(held.labelled, labels), names) for arm, labels in read.items()}
    kept = {arm: form_scores(written, form, are_json=False) for arm, written in answers.items()}
    told: dict[str, Any] = {
        "arms": {
            arm: classification.measure(right, given, None, context.seed)
            | {name: interval(scores, context.seed) for name, scores in kept.get(arm, {}).items()}
            for arm, given in found.items()
        },
        "differences": {
            arm: classification.differences(right, found[ours], given, context.seed)
            | {name: difference(kept[ours][name], scores, context.seed) for name, scores in kept.get(arm, {}).items()}
            for arm, given in found.items()
            if arm != ours
        },
        "confusion": {}
        if held.several
        else {arm: {FIELD: _table(held, names, labels)} for arm, labels in read.items()},
        "signatures": {},
    }
    return told


def _label(text: str, names: Sequence[str]) -> str | None:
    if text.strip() in names:
        return text.strip()
    same = [name for name in names if normalised(name) == normalised(text)]
    found = same[0] if len(same) == 1 else found_value(text, None, names, None, FIELD)
    return found if found in names else None  # a JSON object may hold anything


def _given(held: Sequence[LabelledRow], labels: Sequence[tuple[str, ...]]) -> list[LabelledRow]:
    return [row.model_copy(update={"labels": given}) for row, given in zip(held, labels, strict=True)]


def _table(held: ComparedRows, names: Sequence[str], labels: Sequence[tuple[str, ...]]) -> "dict[str, dict[str, int]]":
    """Count the classes given by right class."""
    table: dict[str, dict[str, int]] = {name: {} for name in names}
    for row, given in zip(held.labelled, labels, strict=True):
        counts, label = table[row.labels[0]], given[0] if given else UNREAD
        counts[label] = counts.get(label, 0) + 1
    return table
