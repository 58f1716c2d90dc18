"""Measure a classifier on held-out rows: accuracy, F1 and AUC with 95 % intervals, and differences on the same rows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .intervals import Interval, difference, interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Truth = NDArray[np.bool_]
    Weights = NDArray[np.float64]

RESAMPLES = 2_000
MOST_NUMBERS = 4_000_000
"""Drawn counts in memory at a time: 32 MB."""


def f1_scores(right: "Truth", found: "Truth", weights: "Weights | None" = None) -> "dict[str, NDArray[np.float64]]":
    """Return macro and weighted F1, one per resample, or as one number each without ``weights``.

    A class counts where a drawn row has it or was given it.

    Args:
        right: Whether a row is of a class, shape ``(rows, classes)``.
        found: Whether it was given that class.
        weights: How often each row was drawn, shape ``(resamples, rows)``; None for each once.

    Source: Opitz and Burst 2019, arXiv 1911.03347, equation 1: the mean of the classes' F1.
    """
    import numpy as np

    drawn = np.ones((1, len(right))) if weights is None else weights
    hits, support, given = (drawn @ part.astype(np.float64) for part in (right & found, right, found))
    union = support + given
    f1 = np.divide(2 * hits, union, out=np.zeros_like(hits), where=union > 0)
    macro = f1.sum(axis=1) / np.maximum((union > 0).sum(axis=1), 1)
    weighted = (f1 * support).sum(axis=1) / np.maximum(support.sum(axis=1), 1)
    scores = {"macro_f1": macro, "weighted_f1": weighted}
    return scores if weights is not None else {name: value[0] for name, value in scores.items()}


def auc(right: "Truth", scores: "NDArray[np.float32]", weights: "Weights | None" = None) -> "NDArray[np.float64]":
    """Return the mean area under the ROC curve of one class against the rest, one per resample; NaN where undefined.

    Args:
        right: Whether a row is of a class, shape ``(rows, classes)``.
        scores: The higher, the likelier the class; same shape.
        weights: How often each row was drawn, shape ``(resamples, rows)``; None for each once.

    Source: Fawcett 2006, "An introduction to ROC analysis", section 7: the chance that a row of the class scores above
        one that is not, ties counting half.
    """
    import numpy as np

    drawn = np.ones((1, len(right))) if weights is None else weights
    total, count = np.zeros(len(drawn)), np.zeros(len(drawn))
    for column in np.flatnonzero(right.any(axis=0) & ~right.all(axis=0)):
        order = np.argsort(scores[:, column], kind="stable")
        starts = np.flatnonzero(np.diff(scores[order, column], prepend=-np.inf))  # equal scores are one step
        yes = np.add.reduceat(drawn[:, order] * right[order, column], starts, axis=1)
        no = np.add.reduceat(drawn[:, order] * ~right[order, column], starts, axis=1)
        pairs = yes.sum(axis=1) * no.sum(axis=1)
        above = (yes * (np.cumsum(no, axis=1) - no / 2)).sum(axis=1)
        total += np.divide(above, pairs, out=np.zeros_like(above), where=pairs > 0)
        count += pairs > 0
    result: NDArray[np.float64] = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return result


def measure(right: "Truth", found: "Truth", scores: "NDArray[np.float32] | None", seed: int) -> dict[str, Interval]:
    """Return macro F1, accuracy (all classes of a row right), weighted F1 and, where it is defined, AUC.

    Args:
        right: Whether a row is of a class, shape ``(rows, classes)``; at least one row.
        found: Whether it was given that class.
        scores: Probabilities, same shape; None where there are none.
        seed: Makes the intervals repeatable.
    """
    import numpy as np

    rows = [float(same) for same in (right == found).all(axis=1)]
    accuracy = interval(rows, seed)
    values = f1_scores(right, found)
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in values}
    areas: list[NDArray[np.float64]] = []
    for weights in _resampled(len(right), seed):
        for name, part in f1_scores(right, found, weights).items():
            drawn[name].append(part)
        if scores is not None:
            areas.append(auc(right, scores, weights))
    same = len({*rows}) == 1  # drawing rows again cannot tell how sure that is; the exact interval of accuracy can
    metrics = {
        name: accuracy if same and rows[0] else _as_sure(_interval(float(values[name]), drawn[name]), accuracy)
        for name in values
    }
    metrics = {"macro_f1": metrics["macro_f1"], "accuracy": accuracy, "weighted_f1": metrics["weighted_f1"]}
    if scores is not None and np.isfinite(area := float(auc(right, scores)[0])):
        metrics["auc"] = _interval(area, areas)
    return metrics


def differences(right: "Truth", ours: "Truth", other: "Truth", seed: int) -> dict[str, Interval]:
    """Return how much better the first answers are than the second, with intervals from the same drawn rows."""
    mine, theirs = f1_scores(right, ours), f1_scores(right, other)
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in mine}
    for weights in _resampled(len(right), seed):
        first, second = f1_scores(right, ours, weights), f1_scores(right, other, weights)
        for name, parts in drawn.items():
            parts.append(first[name] - second[name])
    rows = [[float(same) for same in (right == found).all(axis=1)] for found in (ours, other)]
    apart = {name: _interval(float(mine[name] - theirs[name]), drawn[name]) for name in mine}
    return {
        "macro_f1": apart["macro_f1"],
        "accuracy": difference(rows[0], rows[1], seed),
        "weighted_f1": apart["weighted_f1"],
    }


def per_class(right: "Truth", found: "Truth", names: tuple[str, ...]) -> list[dict[str, float | int | str]]:
    """Return each class's precision, recall, F1 and number of held-out rows; 0 where a share has no rows."""
    hits, support, given = ((part.sum(axis=0)) for part in (right & found, right, found))
    return [
        {
            "label": name,
            "precision": float(hits[place] / max(given[place], 1)),
            "recall": float(hits[place] / max(support[place], 1)),
            "f1": float(2 * hits[place] / max(support[place] + given[place], 1)),
            "support": int(support[place]),
        }
        for place, name in enumerate(names)
    ]


def confusion(right: "Truth", found: "Truth", names: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Count the classes given by right class, where each row has exactly one; without the zeros."""
    table: dict[str, dict[str, int]] = {name: {} for name in names}
    for row, column in zip(right.argmax(axis=1), found.argmax(axis=1), strict=True):
        counts = table[names[row]]
        counts[names[column]] = counts.get(names[column], 0) + 1
    return table


def _resampled(rows: int, seed: int) -> "Iterator[Weights]":
    """Yield how often each row is drawn, in parts of shape ``(resamples, rows)``."""
    import numpy as np

    chance, part = np.random.default_rng(seed), max(1, MOST_NUMBERS // rows)
    for start in range(0, RESAMPLES, part):
        yield chance.multinomial(rows, np.full(rows, 1 / rows), size=min(part, RESAMPLES - start)).astype(np.float64)


def _interval(value: float, drawn: "list[NDArray[np.float64]]") -> Interval:
    import numpy as np

    low, high = np.nanpercentile(np.concatenate(drawn), [2.5, 97.5])
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


def _as_sure(found: Interval, accuracy: Interval) -> Interval:
    """Return the interval of accuracy for a figure that equals it and that every draw of the rows gives."""
    return accuracy if found["low"] == found["high"] and abs(found["value"] - accuracy["value"]) < 1e-9 else found
