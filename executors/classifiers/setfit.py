"""SetFit: pairs of texts teach an embedding model which belong together, then logistic regression reads its vectors.

Source: Tunstall et al. 2022, arXiv 2209.11055, section 3. The loop is our own: the setfit package needs an older
transformers than this project runs with, and sentence-transformers' trainer the datasets package, not used elsewhere.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue, field_validator

from ...knowledge.durable import flush_files, write_json
from ...knowledge.messages import say
from ...rag.embedders.sentence_transformer import open_embedder
from ...rag.extra import needs_extra
from ..classifier import Lesson
from ..linear import HeadOptions, LinearHead, chosen_c, load_head, tuned_head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

BODY = "body"
Pair = tuple[str, str, float]


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

    def probabilities(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return how likely each class is, shape ``(texts, classes)``."""
        return self.head.probabilities(_vectors(self.model, texts))

    def save(self, folder: Path) -> None:
        """Write the whole tuned model, its head, and what was chosen."""
        self.model.save(str(folder / BODY), create_model_card=False, safe_serialization=True)
        for path in (folder / BODY, *(path for path in (folder / BODY).rglob("*") if path.is_dir())):
            flush_files(path)
        self.head.save(folder)
        write_json(folder / "setfit.json", {"chosen": self.chosen})


def train(lesson: Lesson, options: Options) -> TunedClassifier:
    """Tune the embedding model on pairs, then fit the classes to its vectors."""
    named = lesson.folder / options.embedder
    with needs_extra():
        model = open_embedder(str(named.resolve()) if named.is_dir() else options.embedder).model
    rows = _chosen_rows(lesson, options.per_class)
    texts, right = [lesson.texts[row] for row in rows], lesson.right[rows]
    pairs = list(_pairs(texts, right, options, lesson.seed))
    _tune(model, pairs, options, lesson)
    head, scores = tuned_head(_vectors(model, texts), right, lesson.several, options, lesson.seed, lesson.progress)
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


def _tune(model: "SentenceTransformer", pairs: Sequence[Pair], options: Options, lesson: Lesson) -> None:
    """Pull the vectors of pairs of one class together, and those of two classes apart.

    The learning rate rises over a tenth of the updates and then falls to 0.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from sentence_transformers.util import batch_to_device

    size = options.batch_size
    total = options.epochs * -(-len(pairs) // size)
    loss_of = CosineSimilarityLoss(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate)
    warmup = max(1, total // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (total - step) / max(1, total - warmup + 1))
    )
    chance, done = random.Random(f"{lesson.seed}/order"), 0
    with torch.random.fork_rng():
        torch.manual_seed(lesson.seed)  # dropout
        model.train()
        for _ in range(options.epochs):
            order = chance.sample(list(pairs), len(pairs))
            for start in range(0, len(order), size):
                first, second, scores = zip(*order[start : start + size], strict=True)
                features = [batch_to_device(model.preprocess(list(side)), model.device) for side in (first, second)]
                loss = loss_of(features, torch.tensor(scores, device=model.device))
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                done += 1
                lesson.progress(say("classify.contrasting", loss=loss.item()), done, total)
        model.eval()


def _vectors(model: "SentenceTransformer", texts: Sequence[str]) -> "NDArray[np.float32]":
    vectors: NDArray[np.float32] = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return vectors
