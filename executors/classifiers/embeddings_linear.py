"""Embeddings and logistic regression: a frozen embedding model turns texts into vectors, a linear model reads them.

Source: Alain and Bengio 2016, arXiv 1610.01644 (linear probes).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from ...knowledge.durable import write_json
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...knowledge.progress import Progress, silent
from ...rag.embedders import Embedder, open_embedder
from ...rag.embedding import FolderParts, KnownVectors, as_keys, digest, embed_passages
from ...rag.extra import needs_extra
from ..classifier import Lesson
from ..linear import HeadOptions, LinearHead, chosen_c, load_head, tuned_head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Options(HeadOptions):
    """Choose what turns texts into vectors."""

    embedder: str = Field("builtin", description="builtin, or a sentence-transformers model by id or folder")


@dataclass(frozen=True)
class VectorClassifier:
    """Read the classes from a text's vector.

    Attributes:
        name: Names the embedder, as an absolute path where it is a folder.
    """

    embedder: Embedder
    name: str
    head: LinearHead
    chosen: dict[str, JsonValue]

    def probabilities(self, texts: Sequence[str], progress: Progress = silent) -> "NDArray[np.float32]":
        """Return how likely each class is, shape ``(texts, classes)``."""
        return self.head.probabilities(_vectors(self.embedder, texts, progress))

    def save(self, folder: Path) -> None:
        """Write which embedder it reads, and how; the embedder itself is not copied."""
        kept = {"embedder": self.name, "identity": self.embedder.identity, "chosen": self.chosen}
        write_json(folder / "embedder.json", kept)
        self.head.save(folder)


def train(lesson: Lesson, options: Options) -> VectorClassifier:
    """Embed the texts, which an interrupted training does not do again, and fit the classes to the vectors."""
    named = lesson.folder / options.embedder
    name = str(named.resolve()) if named.is_dir() else options.embedder
    with needs_extra():
        embedder = open_embedder(name)
    lesson.work.mkdir(parents=True, exist_ok=True)
    known = KnownVectors()
    embed_passages(embedder, lesson.texts, known, FolderParts(lesson.work / "vectors"), lesson.progress)
    vectors = known.take(as_keys(digest(text) for text in lesson.texts), embedder.dimension)
    head, scores = tuned_head(vectors, lesson.right, lesson.several, options, lesson.seed, lesson.progress)
    return VectorClassifier(embedder, name, head, {"embedder": options.embedder, **chosen_c(scores)})


def load(folder: Path) -> VectorClassifier:
    """Return what ``save`` wrote.

    Raises:
        UserError: The embedder is not there any more, or is another one than it was.
    """
    kept = json.loads((folder / "embedder.json").read_bytes())
    with needs_extra():
        embedder = open_embedder(kept["embedder"])
    if embedder.identity != kept["identity"]:
        raise UserError(
            say("classify.other_embedder", name=kept["embedder"], path=folder), say("classify.other_embedder_hint")
        )
    return VectorClassifier(embedder, kept["embedder"], load_head(folder), kept["chosen"])


def _vectors(embedder: Embedder, texts: Sequence[str], progress: Progress) -> "NDArray[np.float32]":
    """Return the texts' vectors, embedded in the order of their lengths so that little is padded."""
    import numpy as np

    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), texts[place]))
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(order), embedder.batch_size):
        places = order[start : start + embedder.batch_size]
        vectors[places] = embedder.embed([texts[place] for place in places], "passage")
        progress(say("rag.embedding"), start + len(places), len(order))
    return vectors
