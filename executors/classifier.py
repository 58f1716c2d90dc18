"""Find a small classifier: each is a file ``executors/classifiers/<id>.py``, and its presence is its registration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import BaseModel, ConfigDict, JsonValue

from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from . import classifiers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ClassifierOptions(BaseModel):
    """Base of all classifiers' options: frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Lesson:
    """Give a classifier what it learns from.

    Attributes:
        texts: The rows' texts.
        right: Whether a row is of a class, shape ``(rows, classes)``.
        several: Whether a row may have any number of classes instead of exactly one.
        seed: Decides all chance.
        work: Folder for what an interrupted training goes on from; may be missing.
        folder: Where the plan lies; a model that it names may be a folder relative to that.
        progress: Receives how far it is.
    """

    texts: Sequence[str]
    right: "NDArray[np.bool_]"
    several: bool
    seed: int
    work: Path
    folder: Path
    progress: Progress


class Classifier(Protocol):
    """Tell the classes of texts.

    Attributes:
        chosen: What training chose by itself, for the report.
    """

    chosen: dict[str, JsonValue]

    def probabilities(self, texts: Sequence[str], progress: Progress = silent, /) -> "NDArray[np.float32]":
        """Return how likely each class is, shape ``(texts, classes)``; rows add up to 1 unless there may be several.

        Args:
            texts: In any order.
            progress: Receives how far it is, where it takes long.
        """

    def save(self, folder: Path) -> None:
        """Write it into an empty folder as JSON and safetensors."""


class ClassifierModule(Protocol):
    """What a file in ``executors/classifiers`` offers, in this order.

    Attributes:
        Options: The classifier's own options with defaults.
    """

    Options: type[ClassifierOptions]

    def train(self, lesson: Lesson, options: Any, /) -> Classifier:  # noqa: ANN401 - each its own options
        """Return the trained classifier."""

    def load(self, folder: Path, /) -> Classifier:
        """Return what ``save`` wrote; it gives the same probabilities."""


@cache
def classifier_ids() -> tuple[str, ...]:
    """Return all classifiers that can run, from the files in ``executors/classifiers``."""
    return tuple(sorted(found.name for found in iter_modules(classifiers.__path__) if not found.name.startswith("_")))


def classifier_module(classifier: str) -> ClassifierModule:
    """Import one classifier.

    Raises:
        ValueError: There is no such classifier; says which there are.
    """
    if classifier not in classifier_ids():
        raise ValueError(say("classify.unknown", classifier=classifier, classifiers=", ".join(classifier_ids())))
    return cast(ClassifierModule, import_module(f"{classifiers.__name__}.{classifier}"))
