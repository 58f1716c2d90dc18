"""Fit how much vectors count beside words on a user's own questions, and keep that in the index."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .address import Place
from .build import build_index
from .evaluate import check_questions
from .index import Index, open_index
from .inspect import inspect_index
from .limits import Limits
from .metrics import ndcg_at_k
from .questions import Question

WEIGHTS = (0.3, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
LEAST_QUESTIONS = 20
_HITS = 50  # several chunks of one document are one find


class Fitted(NamedTuple):
    """Say which weight was kept.

    Attributes:
        weight: Of the vectors, where words count 1; None where the index does not fuse.
        before: nDCG@10 with the weight that the index had, on the questions that chose.
        after: The same with the one that was kept.
        questions: How many questions chose.
        made: Share of them that were made from the documents, which flatter words.
    """

    weight: float | None
    before: float
    after: float
    questions: int
    made: float


def check_enough(questions: Sequence[Question]) -> None:
    """Raise ``UserError`` where the questions are too few to fit by."""
    if len(questions) < LEAST_QUESTIONS:
        raise UserError(say("tune.too_few", count=len(questions), least=LEAST_QUESTIONS), say("tune.too_few_hint"))


def fit_weight(
    folder: Place, questions: Sequence[Question], progress: Progress = silent, limits: Limits | None = None
) -> Fitted:
    """Choose the weight that answers the questions best, and keep it in the index.

    The weight that is there stays unless another is better by more than the standard error of the difference, so that
    a few questions do not undo what was measured on many.

    Args:
        folder: An index; it is left as it is where it does not fuse, or where no other weight is better.
        questions: Questions with the documents that answer them, at least 20.
        progress: Is told how far the work is.
        limits: What each file may unpack to, as when the index was built; the defaults when None.

    Raises:
        UserError: There are too few questions, or one names no document of the index.
    """
    check_enough(questions)
    index = open_index(folder)
    check_questions(index, questions)
    made = round(sum(question.made for question in questions) / len(questions), 4)
    if index.embedder is None or index.manifest.retriever != "hybrid":
        before = _mean(_gains(index, questions))
        return Fitted(None, before, before, len(questions), made)
    own = index.manifest.options.dense_weight or index.embedder.weight
    weights = [own, *(weight for weight in WEIGHTS if weight != own)]
    gains: list[list[float]] = []
    for number, weight in enumerate(weights, start=1):
        gains.append(_gains(index.ranked_by("hybrid", weight), questions))
        progress(say("tune.fitting"), number, len(weights))
    best = max(range(len(weights)), key=lambda place: (_mean(gains[place]), -place))
    if not _clearly_better(gains[best], gains[0]):
        best = 0
    else:
        options = index.manifest.options.model_copy(update={"dense_weight": weights[best]})
        build_index([Path(source) for source in inspect_index(folder).sources], folder, options, progress, limits)
    return Fitted(weights[best], _mean(gains[0]), _mean(gains[best]), len(questions), made)


def _gains(index: Index, questions: Sequence[Question]) -> list[float]:
    found = index.search_many([question.question for question in questions], _HITS)
    pairs = zip(found, questions, strict=True)
    return [ndcg_at_k([hit.document for hit in hits], question.answered_by, 10) for hits, question in pairs]


def _clearly_better(gains: Sequence[float], before: Sequence[float]) -> bool:
    differences = [one - other for one, other in zip(gains, before, strict=True)]
    mean, count = sum(differences) / len(differences), len(differences)
    error = (sum((each - mean) ** 2 for each in differences) / (count * (count - 1))) ** 0.5
    return bool(mean > error)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
