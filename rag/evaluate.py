"""Measure how well an index finds the documents that answer questions."""

from collections.abc import Sequence
from itertools import islice
from time import perf_counter

from pydantic import BaseModel, ConfigDict

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .index import Index
from .metrics import mrr_at_k, ndcg_at_k, recall_at_k
from .questions import Question
from .records import Hit
from .search import SearchOptions, search

_DEPTH = 10
SHOWN_NAMES = 10
_HITS = 50  # several chunks of one document are one find, so more than ten are asked for


class RetrievalMetrics(BaseModel):
    """Hold the means over all questions, each 0 to 1, and how long a question took.

    Attributes:
        questions: How many questions were asked.
        recall: Share of the relevant documents among the first 1, 5 and 10.
        mrr_at_10: Reciprocal rank of the first relevant document.
        ndcg_at_10: Normalised discounted gain.
        latency_seconds: Quantiles of the time of one question: p50, p90 and p99.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: int
    recall: dict[str, float]
    mrr_at_10: float
    ndcg_at_10: float
    latency_seconds: dict[str, float]


def evaluate_index(
    index: Index, questions: Sequence[Question], progress: Progress = silent, options: SearchOptions | None = None
) -> RetrievalMetrics:
    """Ask every question on its own and compare what is found with what answers it.

    Args:
        index: The index.
        questions: Questions with the documents that answer them.
        progress: Is told the number of questions asked.
        options: How the index is searched; the defaults when None.

    Raises:
        UserError: A question does not say which documents answer it, or names none that is in the index.
    """
    deep = (options or SearchOptions()).deeper(_HITS)
    check_questions(index, questions)
    ranked: list[list[str]] = []
    seconds: list[float] = []
    for number, question in enumerate(questions, start=1):
        started = perf_counter()
        ranked.append(_documents(search(index, [question.question], deep)[0]))
        seconds.append(perf_counter() - started)
        progress(say("rag.asking"), number, len(questions))
    pairs = [(names, question.answered_by) for names, question in zip(ranked, questions, strict=True)]
    return RetrievalMetrics(
        questions=len(questions),
        recall={str(k): _mean([recall_at_k(*pair, k) for pair in pairs]) for k in (1, 5, _DEPTH)},
        mrr_at_10=_mean([mrr_at_k(*pair, _DEPTH) for pair in pairs]),
        ndcg_at_10=_mean([ndcg_at_k(*pair, _DEPTH) for pair in pairs]),
        latency_seconds={f"p{percent}": _quantile(seconds, percent) for percent in (50, 90, 99)},
    )


def check_questions(index: Index, questions: Sequence[Question]) -> None:
    """See that every question names a document that the index has.

    Raises:
        UserError: A question does not say which documents answer it, or names none that is in the index.
    """
    unanswered = [question.id for question in questions if not question.answered_by]
    if unanswered:
        raise UserError(say("rag.unanswered", ids=", ".join(unanswered[:20])))
    lost = [each for each in questions if not any(name in index.documents for name in each.answered_by)]
    if unknown := sorted({name for question in lost for name in question.answered_by}):
        known = ", ".join(islice(index.documents, SHOWN_NAMES))
        raise UserError(say("rag.unknown_documents", names=", ".join(unknown[:SHOWN_NAMES]), known=known))


def _documents(hits: Sequence[Hit]) -> list[str]:
    return [hit.document for hit in hits]


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def _quantile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    return round(sorted(values)[-(-len(values) * percent // 100) - 1], 6)
