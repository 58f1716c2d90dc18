"""Compare what a classifier says of held-out rows with the most frequent class and with earlier classifiers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..knowledge.durable import write_text
from .labelled import LabelledRow
from .step import Result, StepContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAJORITY = "majority"
PREDICTIONS = "predictions.jsonl"
CLASSIFYING = ("classify", "measure")
"""Kinds of steps that write what they said of held-out rows into ``PREDICTIONS`` in their output's folder."""


def matrix(rows: Sequence[LabelledRow], names: Sequence[str]) -> "NDArray[np.bool_]":
    """Return whether each row is of each class, shape ``(rows, classes)``."""
    import numpy as np

    column = {name: place for place, name in enumerate(names)}
    right = np.zeros((len(rows), len(names)), dtype=bool)
    for place, row in enumerate(rows):
        right[place, [column[label] for label in row.labels]] = True
    return right


def measured(
    counts: Mapping[str, int],
    rows: int,
    several: bool,
    held: Sequence[LabelledRow],
    found: "NDArray[np.bool_]",
    probabilities: "NDArray[np.float32]",
    context: StepContext,
) -> Result:
    """Return all metrics; classes that only held-out rows have count as well, and are never given.

    Args:
        counts: How many rows to learn from each class had, in the order of the columns.
        rows: How many rows to learn from there were.
        several: Whether a row may have any number of classes.
        held: The held-out rows.
        found: Whether a row was given a class, shape ``(rows, classes)``.
        probabilities: How likely each class is, same shape.
        context: Of the step that measures.
    """
    import numpy as np

    from . import classification

    names = tuple(counts)
    extra = tuple(sorted({label for row in held for label in row.labels} - {*names}))
    everything, wider = (*names, *extra), ((0, 0), (0, len(extra)))
    right, found = matrix(held, everything), np.pad(found, wider)
    scores = np.pad(probabilities, wider)
    guess = majority(counts, rows, several, everything, len(held))
    rivals = {MAJORITY: guess} | earlier_answers(held, everything, context)
    result: dict[str, Any] = {
        "metrics": classification.measure(right, found, scores, context.seed),
        "baseline": classification.measure(right, guess, None, context.seed),
        "differences": {
            name: classification.differences(right, found, other, context.seed) for name, other in rivals.items()
        },
        "per_class": [
            {**row, "learnt_from": counts.get(str(row["label"]), 0)}
            for row in classification.per_class(right, found, everything)
        ],
        "confusion": None if several else classification.confusion(right, found, everything),
    }
    return result


def majority(
    counts: Mapping[str, int], rows: int, several: bool, names: tuple[str, ...], held: int
) -> "NDArray[np.bool_]":
    """Return the answer that is always the most frequent class; none where each class is on fewer than half the rows.

    Args:
        counts: How many rows to learn from each class had.
        rows: How many rows to learn from there were.
        several: Whether a row may have any number of classes.
        names: All classes, in the order of the columns.
        held: Number of held-out rows.
    """
    import numpy as np

    guess = np.zeros((held, len(names)), dtype=bool)
    if not several or 2 * max(counts.values()) > rows:
        guess[:, names.index(max(counts, key=lambda name: counts[name]))] = True
    return guess


def earlier_answers(
    held: Sequence[LabelledRow], names: tuple[str, ...], context: StepContext
) -> "dict[str, NDArray[np.bool_]]":
    """Return what earlier classifiers of this plan gave the same rows, by their names.

    They may have learnt from other rows, and so know classes that neither this one nor the held-out rows have.
    """
    answers = {}
    for earlier in (result for result in context.earlier if result.options.kind in CLASSIFYING):
        path = context.output(str(getattr(earlier.options, "output", ""))) / PREDICTIONS
        if not path.is_file():  # it measured another task
            continue
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]  # texts may hold other line ends
        if [row["text"] for row in rows] == [row.text for row in held]:
            rows = [row | {"found": [label for label in row["found"] if label in names]} for row in rows]
            given = [LabelledRow(line=1, text=row["text"], labels=tuple(row["found"]), several=True) for row in rows]
            answers[str(earlier.result["name"])] = matrix(given, names)
    return answers


def write_predictions(
    folder: Path,
    held: Sequence[LabelledRow],
    names: Sequence[str],
    found: "NDArray[np.bool_]",
    probabilities: "NDArray[np.float32]",
) -> None:
    """Write what was said of each row, and how likely the likeliest class was."""
    lines = []
    for row, given, likely in zip(held, found, probabilities, strict=True):
        labels = [name for name, is_given in zip(names, given, strict=True) if is_given]
        record = {"line": row.line, "text": row.text, "labels": row.labels, "found": labels}
        lines.append(json.dumps({**record, "probability": round(float(likely.max()), 4)}, ensure_ascii=False))
    write_text(folder / PREDICTIONS, "\n".join(lines) + "\n")
