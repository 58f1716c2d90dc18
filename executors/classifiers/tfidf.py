"""TF-IDF and logistic regression: words and their pairs, or for Chinese characters and their neighbours.

Source: Spärck Jones 1972, "A statistical interpretation of term specificity"; as scikit-learn's TfidfVectorizer has it.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, JsonValue

from ...knowledge.durable import write_bytes, write_json
from ...knowledge.messages import say
from ...knowledge.progress import Progress, silent
from ..classifier import Lesson
from ..linear import HeadOptions, LinearHead, chosen_c, load_head, tuned_head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IDEOGRAPHS = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_UNIT = re.compile(rf"(?P<run>[{_IDEOGRAPHS}]+)|[^\W{_IDEOGRAPHS}]+")
LONGEST_RUN = 3
"""Most Chinese words have two or three characters."""
TOLD_EVERY = 1000
"""Texts."""


class Options(HeadOptions):
    """Choose the terms."""

    least_rows: int = Field(1, ge=1, description="leave out terms that occur in fewer rows")
    most_terms: int = Field(100_000, ge=1, description="keep only this many terms, the most frequent ones")


@dataclass(frozen=True)
class TermClassifier:
    """Weigh a text's terms and add them up for each class.

    Attributes:
        vectorizer: A fitted ``TfidfVectorizer``.
    """

    vectorizer: Any
    head: LinearHead
    chosen: dict[str, JsonValue]

    def probabilities(self, texts: Sequence[str], progress: Progress = silent) -> "NDArray[np.float32]":
        """Return how likely each class is, shape ``(texts, classes)``."""
        return self.head.probabilities(self.vectorizer.transform(_counted(texts, progress)))

    def save(self, folder: Path) -> None:
        """Write the terms as JSON, their weights as safetensors."""
        import numpy as np
        from safetensors.numpy import save

        terms = [str(term) for term in self.vectorizer.get_feature_names_out()]
        write_json(folder / "terms.json", {"terms": terms, "chosen": self.chosen})
        write_bytes(folder / "terms.safetensors", save({"idf": np.ascontiguousarray(self.vectorizer.idf_)}))
        self.head.save(folder)


def train(lesson: Lesson, options: Options) -> TermClassifier:
    """Count the terms and fit the classes to them."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=terms_of,
        sublinear_tf=True,
        min_df=min(options.least_rows, len(lesson.texts)),
        max_features=options.most_terms,
        dtype=np.float32,
    )
    features = vectorizer.fit_transform(_counted(lesson.texts, lesson.progress))
    head, scores = tuned_head(features, lesson.right, lesson.several, options, lesson.seed, lesson.progress)
    return TermClassifier(vectorizer, head, {"terms": features.shape[1], **chosen_c(scores)})


def load(folder: Path) -> TermClassifier:
    """Return what ``save`` wrote."""
    import numpy as np
    from safetensors.numpy import load_file
    from sklearn.feature_extraction.text import TfidfVectorizer

    kept = json.loads((folder / "terms.json").read_bytes())
    vectorizer = TfidfVectorizer(analyzer=terms_of, sublinear_tf=True, vocabulary=kept["terms"], dtype=np.float32)
    vectorizer.idf_ = load_file(folder / "terms.safetensors")["idf"]
    return TermClassifier(vectorizer, load_head(folder), kept["chosen"])


def _counted(texts: Sequence[str], progress: Progress) -> Iterator[str]:
    """Yield the texts, and tell now and then how many were asked for."""
    for place, text in enumerate(texts):
        if place and place % TOLD_EVERY == 0:
            progress(say("classify.counting"), place, len(texts))
        yield text


def terms_of(text: str) -> list[str]:
    """Return the terms of a text: words and pairs of neighbouring words, and of ideographs all runs of 1 to 3."""
    terms: list[str] = []
    before = None
    for unit in _UNIT.finditer(unicodedata.normalize("NFKC", text).casefold()):
        if run := unit["run"]:
            lengths = range(1, LONGEST_RUN + 1)
            terms += [run[place : place + length] for length in lengths for place in range(len(run) - length + 1)]
            before = None
        else:
            terms += [unit[0]] if before is None else [unit[0], f"{before} {unit[0]}"]
            before = unit[0]
    return terms
