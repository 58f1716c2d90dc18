"""Logistic regression on any features: fitted by scikit-learn, its strength cross-validated, kept without pickle."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..knowledge.durable import write_bytes
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from .classification import f1_scores
from .classifier import ClassifierOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "head.safetensors"
NEVER, ALWAYS = -30.0, 30.0
"""Log-odds of a class that all or no rows to learn from have; as a probability, one in ten million millions."""


class HeadOptions(ClassifierOptions):
    """Say how the strength of the fit is chosen."""

    c_values: tuple[float, ...] = Field(
        (1.0, 10.0, 100.0), min_length=1, description="inverse strengths of regularisation to choose from"
    )
    folds: int = Field(3, ge=2, le=20, description="parts for choosing among c_values by cross-validation")
    balanced: bool = Field(True, description="let every class weigh the same in training, however few rows it has")


@dataclass(frozen=True)
class LinearHead:
    """Turn features into probabilities.

    Attributes:
        weights: Shape ``(classes, features)``.
        biases: Shape ``(classes,)``.
        several: Whether each class is judged on its own, so that probabilities do not add up to 1.
    """

    weights: "NDArray[np.float32]"
    biases: "NDArray[np.float32]"
    several: bool

    def probabilities(self, features: Any) -> "NDArray[np.float32]":  # noqa: ANN401 - a dense or a sparse matrix
        """Return the classes' probabilities, shape ``(rows, classes)``, of features ``(rows, features)``."""
        import numpy as np

        odds: NDArray[np.float32] = np.asarray(features @ self.weights.T, dtype=np.float32) + self.biases
        if self.several:
            return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write it into a folder."""
        import numpy as np
        from safetensors.numpy import save

        tensors = {"weights": self.weights, "biases": self.biases}
        contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
        write_bytes(folder / FILE, save(contiguous, {"several": str(self.several)}))


def load_head(folder: Path) -> LinearHead:
    """Return what ``LinearHead.save`` wrote."""
    from safetensors import safe_open

    with safe_open(folder / FILE, "numpy") as file:
        several = file.metadata()["several"] == "True"
        return LinearHead(file.get_tensor("weights"), file.get_tensor("biases"), several)


def tuned_head(
    features: Any,  # noqa: ANN401 - a dense or a sparse matrix
    right: "NDArray[np.bool_]",
    several: bool,
    options: HeadOptions,
    seed: int,
    progress: Progress,
) -> tuple[LinearHead, dict[float, float]]:
    """Fit logistic regression with the best inverse strength, and return it with each one's cross-validated macro F1.

    Args:
        features: Shape ``(rows, features)``, dense or sparse.
        right: Whether a row is of a class, shape ``(rows, classes)``.
        several: Whether a row may have any number of classes.
        options: What to choose from; of equals the smallest, which is the strongest regularisation.
        seed: Decides which rows are together in a part.
        progress: Receives how far it is.
    """
    values = sorted(set(options.c_values))
    scores = dict.fromkeys(values, 0.0)
    if len(values) > 1:
        scores = _cross_validated(features, right, several, options, seed, progress)
    best = max(values, key=lambda value: (scores[value], -value))
    progress(say("classify.fitting"), 0, None)
    return _fit(features, right, several, best, options.balanced), scores


def _cross_validated(
    features: Any,  # noqa: ANN401
    right: "NDArray[np.bool_]",
    several: bool,
    options: HeadOptions,
    seed: int,
    progress: Progress,
) -> dict[float, float]:
    import numpy as np

    values = sorted(set(options.c_values))
    part, done = folds_of(right, options.folds, seed), 0
    found = {value: np.zeros_like(right) for value in values}
    for number in range(options.folds):
        seen, held = np.flatnonzero(part != number), np.flatnonzero(part == number)
        for value in values:
            progress(say("classify.tuning"), done, options.folds * len(values))
            head = _fit(features[seen], right[seen], several, value, options.balanced)
            found[value][held] = decided(head.probabilities(features[held]), several)
            done += 1
    return {value: float(f1_scores(right, answers)["macro_f1"]) for value, answers in found.items()}


def folds_of(right: "NDArray[np.bool_]", folds: int, seed: int) -> "NDArray[np.int64]":
    """Return each row's part, from 0, so that every part has its share of each class (of several, the first)."""
    import numpy as np

    first = np.where(right.any(axis=1), right.argmax(axis=1), -1)
    order = np.random.default_rng(seed).permutation(len(right))
    order = order[np.argsort(first[order], kind="stable")]
    part = np.empty(len(right), dtype=np.int64)
    part[order] = np.arange(len(right)) % folds
    return part


def decided(probabilities: "NDArray[np.float32]", several: bool) -> "NDArray[np.bool_]":
    """Return the classes that are given: the likeliest one, or where there may be several, all above one half."""
    import numpy as np

    if several:
        return probabilities > 0.5
    chosen = np.zeros(probabilities.shape, dtype=bool)
    chosen[np.arange(len(chosen)), probabilities.argmax(axis=1)] = True
    return chosen


def _fit(features: Any, right: "NDArray[np.bool_]", several: bool, c: float, balanced: bool) -> LinearHead:  # noqa: ANN401
    import numpy as np

    if not several:
        weights, biases = _rows_of(features, right.argmax(axis=1), right.shape[1], c, balanced)
        return LinearHead(weights, biases, several)
    pairs = [_rows_of(features, column.astype(int), 2, c, balanced) for column in right.T]
    # of the two rows of a yes-or-no model, the difference is the log-odds of yes
    weights = np.stack([rows[1] - rows[0] for rows, _ in pairs])
    biases = np.clip([ends[1] - ends[0] for _, ends in pairs], NEVER, ALWAYS).astype(np.float32)
    return LinearHead(weights, biases, several)


def _rows_of(
    features: Any,  # noqa: ANN401
    codes: "NDArray[np.int64]",
    classes: int,
    c: float,
    balanced: bool,
) -> tuple["NDArray[np.float32]", "NDArray[np.float32]"]:
    """Return weights and biases of all classes; those that no row has get no weights and hardly any chance."""
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = np.zeros((classes, features.shape[1]), dtype=np.float32)
    biases = np.full(classes, NEVER, dtype=np.float32)
    known = np.unique(codes)
    if len(known) == 1:
        biases[known] = 0.0
        return weights, biases
    model = LogisticRegression(C=c, max_iter=300, class_weight="balanced" if balanced else None)
    with warnings.catch_warnings():
        # stopping early regularises, too, and cross-validation judges what comes out
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, codes)
    if len(known) == 2:  # scikit-learn keeps one row for the second class
        weights[known[1]], biases[known] = model.coef_[0], [0.0, float(model.intercept_[0])]
    else:
        weights[known], biases[known] = model.coef_, model.intercept_
    return weights, biases


def chosen_c(scores: Mapping[float, float]) -> dict[str, Any]:
    """Return what cross-validation found as the report shows it."""
    best = max(sorted(scores), key=lambda value: (scores[value], -value))
    return {"c": best, "cross_validated_macro_f1": {f"{value:g}": score for value, score in scores.items()}}
