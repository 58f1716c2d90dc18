"""Answer by quoting the sentence that answers best; needs no model."""

from collections.abc import Sequence

from ..evidence import MOST_SENTENCES, Sentence, coverage
from ..follow_up import Turn, in_full
from ..spans import best_span
from ..units import content_tokens
from . import Draft, Passage, Piece, Said

ADDS = 0.2
"""A further sentence is quoted if it has this much of the question that the first one lacks."""


class Extractive:
    """Quote; the sentence with the best stretch first, and one that adds to it."""

    def answer(self, question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], piece: Piece) -> Draft:
        """Return quoted sentences, and the stretch of the first one that is the short answer."""
        near = sentences[:MOST_SENTENCES]
        span = best_span(question, near)
        if span is None:
            return Draft([])
        first = near[span.sentence]
        quoted = [first, *_further(question, first, near)]
        piece(" ".join(sentence.text for sentence in quoted))
        return Draft([Said(sentence.text, source=sentence) for sentence in quoted], (span.start, span.end))

    def in_full(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question with what it leaves out, taken from the question before."""
        return in_full(question, history)


def _further(question: str, first: Sentence, near: Sequence[Sentence]) -> list[Sentence]:
    have = set(content_tokens(first.text))
    lacking = {token: 1.0 for token in content_tokens(question) if token not in have}
    share = len(lacking) / max(len(set(content_tokens(question))), 1)
    others = [sentence for sentence in near if sentence is not first and sentence.document == first.document]
    best = max(others, key=lambda sentence: coverage(lacking, sentence.text), default=None)
    return [best] if best is not None and share * coverage(lacking, best.text) >= ADDS else []


def open_generator(name: str, most_tokens: int | None = None) -> Extractive:
    """Return the generator that quotes."""
    return Extractive()
