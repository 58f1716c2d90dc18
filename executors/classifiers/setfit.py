"""SetFit: pairs of texts teach an embedding model which belong together, then logistic regression reads its vectors.

Source: Tunstall et al. 2022, arXiv 2209.11055, section 3.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue, field_validator

from ...knowledge.durable import flush_files, write_json
from ...knowledge.messages import say
from ...knowledge.progress import Progress, silent
from ...rag.embedders.sentence_transformer import open_embedder
from ...rag.extra import needs_extra
from ..classifier import Lesson
from ..contrast import Contrast, Pair, contrast
from ..linear import HeadOptions, LinearHead, chosen_c, load_head, tuned_head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

BODY = "body"


class Options(HeadOptions):
    """Choose the embedding model and how long it learns."""

    embedder: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2", description="a sentence-transformers model by id or folder"
    )
    per_class: int | None = Field(None, ge=2, description="rows of each class to learn from; null for all")
    pairs: int = Field(5, ge=1, description="pairs of one class and pairs of two classes for each row")
    epochs: int = Field(1, ge=1, description="passes over all pairs")
    batch_size: int = Field(16, ge=1, description="pairs per update")
    learning_rate: float = Field(2e-5, gt=0, description="peak learning rate of the embedding model")

    @field_validator("embedder")
    @classmethod
    def _can_learn(cls, embedder: str) -> str:
        if embedder == "builtin":
            raise ValueError(say("classify.builtin_cannot_learn"))
        return embedder


@dataclass(frozen=True)
class TunedClassifier:
    """Read the classes from the vectors of a model that learnt to tell them apart."""

    model: "SentenceTransformer"
    head: LinearHead
    chosen: dict[str, JsonValue]

    def probabilities(self, texts: Sequence[str], progress: Progress = silent) -> "NDArray[np.float32]":
        """Return how likely each class is, shape ``(texts, classes)``."""
        return self.head.probabilities(_vectors(self.model, texts, progress))

    def save(self, folder: Path) -> None:
        """Write the whole tuned model, its head, and what was chosen."""
        self.model.save(str(folder / BODY), create_model_card=False, safe_serialization=True)
        for path in (folder / BODY, *(path for path in (folder / BODY).rglob("*") if path.is_dir())):
            flush_files(path)
        self.head.save(folder)
        write_json(folder / "setfit.json", {"chosen": self.chosen})


def train(lesson: Lesson, options: Options) -> TunedClassifier:
    """Tune the embedding model on pairs, or go on with that, and fit the classes to its vectors."""
    named = lesson.folder / options.embedder
    with needs_extra():
        embedder = open_embedder(str(named.resolve()) if named.is_dir() else options.embedder)
    model = embedder.model
    rows = _chosen_rows(lesson, options.per_class)
    texts, right = [lesson.texts[row] for row in rows], lesson.right[rows]
    pairs = list(_pairs(texts, right, options, lesson.seed))
    learning = Contrast(
        identity=embedder.identity,
        pairs=pairs,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        seed=lesson.seed,
        checkpoints=lesson.work,
    )
    contrast(model, learning, lesson.progress)
    vectors = _vectors(model, texts, lesson.progress)
    head, scores = tuned_head(vectors, right, lesson.several, options, lesson.seed, lesson.progress)
    chosen: dict[str, JsonValue] = {"embedder": options.embedder, "rows": len(rows), "pairs": len(pairs)}
    return TunedClassifier(model, head, {**chosen, **chosen_c(scores)})


def load(folder: Path) -> TunedClassifier:
    """Return what ``save`` wrote."""
    with needs_extra():
        model = open_embedder(str((folder / BODY).resolve())).model
    return TunedClassifier(model, load_head(folder), json.loads((folder / "setfit.json").read_bytes())["chosen"])


def _chosen_rows(lesson: Lesson, per_class: int | None) -> list[int]:
    """Return places of the rows to learn from, at most so many of each class."""
    if per_class is None:
        return list(range(len(lesson.texts)))
    chance, chosen = random.Random(f"{lesson.seed}/rows"), set[int]()
    for column in lesson.right.T:
        places = [int(place) for place in column.nonzero()[0]]
        chosen |= {*chance.sample(places, min(per_class, len(places)))}
    return sorted(chosen)


def _pairs(texts: Sequence[str], right: "NDArray[np.bool_]", options: Options, seed: int) -> Iterator[Pair]:
    """Yield for each row as many rows that share a class (1.0) as rows that share none (0.0).

    What may be drawn is listed once for all rows with the same classes: a list for each row would be quadratic.
    """
    import numpy as np

    chance = random.Random(f"{seed}/pairs")
    kinds, kind_of = np.unique(right, axis=0, return_inverse=True)
    for kind, classes in enumerate(kinds):
        sharing = right[:, classes].any(axis=1)
        rows = np.flatnonzero(kind_of == kind).tolist()
        for others, score in ((np.flatnonzero(sharing), 1.0), (np.flatnonzero(~sharing), 0.0)):
            for row in rows:
                for other in _drawn(others, row, options.pairs, chance):
                    yield texts[row], texts[other], score


def _drawn(places: "NDArray[np.int64]", but: int, count: int, chance: random.Random) -> Iterator[int]:
    """Draw places, each as likely as any and as often as it comes, but for one of them."""
    if not len(places) or (len(places) == 1 and places[0] == but):
        return
    while count:
        place = int(chance.choice(places))
        if place != but:
            count -= 1
            yield place


def _vectors(model: "SentenceTransformer", texts: Sequence[str], progress: Progress) -> "NDArray[np.float32]":
    done = 0

    def told(_: object, features: object, found: Mapping[str, "Tensor"]) -> None:
        nonlocal done
        done += len(found["sentence_embedding"])
        progress(say("rag.embedding"), done, len(texts))

    hook = model.register_forward_hook(told)  # the library tells of its batches only by a bar of its own
    try:
        vectors: NDArray[np.float32] = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    finally:
        hook.remove()
    return vectors
