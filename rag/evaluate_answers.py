"""Measure answers: are they right, are they cited, do they come only where there is evidence, and what went wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from ..knowledge.messages import say
from ..knowledge.progress import Progress, silent
from .answer import Answer
from .answer_metrics import exact_match, overlap_f1
from .ask import AskOptions, ask
from .evaluate import check_questions
from .evidence import sentences_of
from .generators import Generator
from .index import Index
from .questions import Question
from .search import search
from .sufficiency import evidence_of, least_evidence

Failure = Literal["not_retrieved", "ranked_low", "not_used", "abstained", "wrong"]
"""No document that answers was found at all; only below what was read; it was read, and another was quoted; it was
read, and there was no answer; it was quoted, and the answer is another one."""

DEPTH = 50
"""Hits that are looked through before a document counts as not retrieved."""
RIGHT_F1 = 0.5
"""An answer that shares this much with a wanted one is not called wrong."""
EXAMPLES = 5


class OperatingPoint(BaseModel):
    """Say what a threshold does.

    Attributes:
        least_evidence: The threshold.
        answered: Share of the questions that are answered at it, 0 to 1.
        refused: Share of the questions that are refused when the documents that answer them are left out, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_evidence: float
    answered: float
    refused: float


class Failed(BaseModel):
    """Name a question that went wrong, with what was answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    answer: str


class FailureKind(BaseModel):
    """Count the questions that went wrong in one way, with a few of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int
    examples: list[Failed]


class AnswerMetrics(BaseModel):
    """Hold the means over all questions, each 0 to 1.

    Attributes:
        questions: How many questions were asked.
        exact_match: Share with the wanted answer, word for word; an abstention has none. None without wanted answers.
        f1: Shared words, likewise.
        citation_precision: Share of the citations that point into a document that answers. None without any citation.
        supported: Share of the answers' sentences that what they cite bears. None without any sentence.
        abstention: What the threshold in use does.
        fitted: What one does that was fitted on every second question, on the others; None where there are too few.
        failures: By kind, in the order of ``Failure``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: int
    exact_match: float | None
    f1: float | None
    citation_precision: float | None
    supported: float | None
    abstention: OperatingPoint
    fitted: OperatingPoint | None
    failures: dict[str, FailureKind]


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    answer: Answer
    ranked: list[str]
    evidence_without: float

    @property
    def text(self) -> str:
        """Return what is compared with the wanted answers: the short answer where there is one."""
        if self.answer.abstained:
            return ""
        return self.answer.short.text if self.answer.short else self.answer.text

    @property
    def cited(self) -> list[str]:
        """Return the documents that are cited."""
        return [each.document for one in self.answer.statements for each in one.citations]


def evaluate_answers(
    index: Index,
    questions: Sequence[Question],
    generator: Generator,
    options: AskOptions | None = None,
    progress: Progress = silent,
) -> AnswerMetrics:
    """Ask every question, and once more without the documents that answer it.

    Args:
        index: The index.
        questions: Questions with the documents that answer them, and with answers where they are known.
        generator: Who writes the answers.
        options: How they are asked; the defaults when None.
        progress: Is told the number of questions asked.

    Raises:
        UserError: A question does not say which documents answer it, or names none that is in the index.
    """
    check_questions(index, questions)
    options = options or AskOptions()
    asked: list[_Asked] = []
    for number, question in enumerate(questions, start=1):
        asked.append(_ask(index, question, generator, options))
        progress(say("rag.asking"), number, len(questions))
    judged = [each for each in asked if each.question.answers]
    citations = [name in each.question.answered_by for each in asked for name in each.cited]
    statements = [one.supported for each in asked for one in each.answer.statements]
    least = options.least_evidence
    if least is None:
        least = least_evidence(questions[0].question)  # a file of questions is in one language
    return AnswerMetrics(
        questions=len(asked),
        exact_match=_mean([exact_match(each.text, each.question.answers) for each in judged]),
        f1=_mean([overlap_f1(each.text, each.question.answers) for each in judged]),
        citation_precision=_mean(citations),
        supported=_mean(statements),
        abstention=_point(asked, least),
        fitted=_point(asked[1::2], _fitted(asked[::2])) if len(asked) >= 20 else None,
        failures=_failures(asked),
    )


def _ask(index: Index, question: Question, generator: Generator, options: AskOptions) -> _Asked:
    answer = ask(index, question.question, generator, options)
    (hits,) = search(index, [question.question], options.search.deeper(DEPTH))
    others = [hit for hit in hits if hit.document not in question.answered_by][: options.search.top_k]
    without = evidence_of(sentences_of(question.question, others, index.words.rarity))
    return _Asked(question, answer, list(dict.fromkeys(hit.document for hit in hits)), without)


def _failures(asked: Sequence[_Asked]) -> dict[str, FailureKind]:
    found: dict[str, list[_Asked]] = {kind: [] for kind in get_args(Failure)}
    for each in asked:
        if kind := _failure(each):
            found[kind].append(each)
    return {
        kind: FailureKind(
            count=len(rows),
            examples=[
                Failed(id=each.question.id, question=each.question.question, answer=each.text)
                for each in rows[:EXAMPLES]
            ],
        )
        for kind, rows in found.items()
    }


def _failure(asked: _Asked) -> Failure | None:
    relevant = asked.question.answered_by
    if not relevant & {*asked.ranked}:
        return "not_retrieved"
    if not relevant & {hit.document for hit in asked.answer.hits}:
        return "ranked_low"
    if asked.answer.abstained:
        return "abstained"
    if not relevant & {*asked.cited}:
        return "not_used"
    wanted = asked.question.answers
    holds = any(_plain(each) in _plain(asked.answer.text) for each in wanted)
    return "wrong" if wanted and not holds and overlap_f1(asked.text, wanted) < RIGHT_F1 else None


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())


def _fitted(asked: Sequence[_Asked]) -> float:
    """Return the threshold at which most questions are answered and most refused, both counting alike."""
    steps = [step / 100 for step in range(101)]
    return max(steps, key=lambda least: _point(asked, least).answered + _point(asked, least).refused)


def _point(asked: Sequence[_Asked], least: float) -> OperatingPoint:
    answered = [each.answer.evidence >= least for each in asked]
    refused = [each.evidence_without < least for each in asked]
    return OperatingPoint(
        least_evidence=least, answered=round(sum(answered) / len(asked), 4), refused=round(sum(refused) / len(asked), 4)
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
