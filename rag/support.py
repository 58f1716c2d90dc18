"""Check whether a sentence of an answer is borne by what it cites; no model is asked.

A sentence is borne as far as the evidence has its words, the rare ones counting more. It is not borne at all if it
contradicts the evidence, as far as words tell: see ``contradictions.py``. An embedder that can read both lets other
words with the same meaning count, too.

Source: thresholds fitted by tests/benchmarks/answer_support.py, see knowledge/decisions/0011-answers.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .contradictions import contradicts
from .embedders import Embedder
from .embedding import embed_batches
from .evidence import Rarity, Sentence, coverage
from .gate import can_read
from .units import content_tokens

LEAST_SUPPORT = 0.5
"""Of a sentence's content that the evidence must have. See the source above."""

COMPARED = 4
"""Stretches of evidence whose meaning is compared; embedding all of them would take seconds."""


@dataclass(frozen=True, slots=True)
class Support:
    """Hold the stretch that bears a sentence best, and how far, 0 to 1."""

    score: float
    sources: tuple[Sentence, ...]


def best_support(text: str, sentences: Sequence[Sentence], rarity: Rarity, embedder: Embedder | None = None) -> Support:
    """Return which one or two neighbouring sentences bear a text best.

    Args:
        text: One sentence of an answer.
        sentences: All that it may rest on.
        rarity: Of a token.
        embedder: Compares meanings, where it can read the text; words alone count without one.
    """
    windows = [(sentence,) for sentence in sentences] + _pairs(sentences)
    if not windows:
        return Support(0.0, ())
    texts = [" ".join(sentence.text for sentence in window) for window in windows]
    if quoted := next((place for place, evidence in enumerate(texts) if text.strip() in evidence), None):
        return Support(1.0, windows[quoted])
    # numbers are compared on their own, as they may be written in words
    said = {token: rarity(token) for token in content_tokens(text) if not token.isdigit()}
    scores = [coverage(said, evidence) for evidence in texts]
    if embedder is not None and embedder.weight >= 1 and can_read(embedder, text):
        scores = _with_meaning(text, texts, scores, embedder)
    scores = [score * (not contradicts(text, evidence)) for score, evidence in zip(scores, texts, strict=True)]
    best = max(range(len(scores)), key=lambda place: (round(scores[place], 3), -len(windows[place])))
    return Support(scores[best], windows[best] if scores[best] else ())


def _pairs(sentences: Sequence[Sentence]) -> list[tuple[Sentence, ...]]:
    """Return sentences that stand next to each other in one document."""
    order = sorted(sentences, key=lambda sentence: (sentence.document, sentence.start))
    pairs = pairwise(order)
    return [(one, two) for one, two in pairs if one.document == two.document and 0 <= two.start - one.end <= 2]


def _with_meaning(text: str, texts: list[str], scores: list[float], embedder: Embedder) -> list[float]:
    """Return the scores, those of the few that share most words raised where the meaning is nearer than the words."""
    nearest = sorted(range(len(texts)), key=lambda place: -scores[place])[:COMPARED]
    readable = [place for place in nearest if can_read(embedder, texts[place])]
    if not readable:
        return scores
    vector, *vectors = embed_batches(embedder, [text, *(texts[place] for place in readable)], "passage")
    both = list(scores)
    for place, other in zip(readable, vectors, strict=True):
        both[place] = max(scores[place], (scores[place] + float(other @ vector)) / 2)
    return both
