"""Explain a published case."""

from collections.abc import Iterator

from ..knowledge.case import PublishedCase
from ..knowledge.label_text import title_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .answer_text import answer_text
from .explain_parts import bullets, heading, part, sources


def case_lines(case: PublishedCase, width: int) -> Iterator[str]:
    """Yield what a case was, what was done, what came of it, and where it was published."""
    yield heading("case", str(case.title), case.id)
    yield part("did", case.did, width)
    yield part("outcome", case.outcome, width)
    yield part("chose", f"{title_of(case.chose)} [{case.chose}]", width)
    yield part("known_of_it", "", width)
    yield from bullets((_answer(field, value) for field, value in case.answers.items()), width)
    yield from sources(case.evidence, width)


def _answer(field: str, value: object) -> str:
    question = load(Question)[field]
    return say("advice.named", name=question.name, text=answer_text(question, value))
