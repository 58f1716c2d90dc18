"""Check whether a sentence of an answer is borne by what it cites; no model is asked.

A sentence is borne as far as the evidence has its words, the rare ones counting more. It is not borne at all if it has
a number or a name that the evidence lacks, or denies what the evidence says or the other way round. An embedder that
can read both lets other words with the same meaning count, too.

Source: thresholds fitted by tests/benchmarks/answer_support.py, see knowledge/decisions/0011-answers.md.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .embedders import Embedder
from .embedding import embed_batches
from .evidence import Rarity, Sentence, coverage
from .gate import can_read
from .tokens import tokenize
from .units import content_tokens, simplified

LEAST_SUPPORT = 0.5
"""Of a sentence's content that the evidence must have. See the source above."""

COMPARED = 4
"""Stretches of evidence whose meaning is compared; embedding all of them would take seconds."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[^\W\d_][ ,;])[A-Z][\w'’-]+|(?<=[\u4e00-\u9fff])[A-Z][\w'’-]+")
_NO_NAMES = {"I", "The", "In", "It"}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_IDEOGRAPHS = "零一二三四五六七八九十"
_CLAUSE = re.compile(
    r"[.!?]\s|[。！？,，、;；:：()（）—–]|\b(?:but|while|whereas|although|however)\b|但是?|不过|然而|而且?"
)
_ENGLISH_NOT = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|unable|failed to|lacks?)\b|n['’]t\b", re.I
)
_CHINESE_NOT = re.compile(r"[不没未無无非勿]|并非|缺乏|拒绝|禁止")
_NO_DENIAL = re.compile(
    r"不[同仅過过少论論管但断斷久错錯足如惜止]|不禁|不得不|非[常洲]|无[线線数數论論限]|未[来來]|除非|不丹|莫不|无不|没落|没收"
    r"|not only|no doubt"
)


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
    scores = [score * _consistent(text, evidence) for score, evidence in zip(scores, texts, strict=True)]
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


def _consistent(text: str, evidence: str) -> bool:
    return not (missing_numbers(text, evidence) or missing_names(text, evidence) or denial_differs(text, evidence))


def missing_numbers(text: str, evidence: str) -> set[str]:
    """Return the numbers of a text that evidence has neither in digits nor in words."""
    return numbers(text) - numbers(evidence) - _in_words(evidence)


def missing_names(text: str, evidence: str) -> set[str]:
    """Return the words with a capital inside a sentence, which are names, that the evidence has in no form."""
    have = set(tokenize(evidence))
    return {name for name in _NAME.findall(text) if not set(tokenize(name)) & have and name not in _NO_NAMES}


def numbers(text: str) -> set[str]:
    """Return the numbers that a text has in digits, without the marks between thousands."""
    return {found.replace(",", "") for found in _NUMBER.findall(unicodedata.normalize("NFKC", text))}


def _in_words(text: str) -> set[str]:
    small = set(re.findall(r"[a-z]+", text.lower()))
    words = {str(value) for value, word in enumerate(_WORDS) if word in small}
    return words | {str(value) for value, sign in enumerate(_IDEOGRAPHS) if sign in text}


def denial_differs(text: str, evidence: str) -> bool:
    """Tell whether only one of a text and the nearest clause of its evidence denies something."""
    return _denies(text) != _denies(_nearest_clause(text, evidence))


def _nearest_clause(text: str, evidence: str) -> str:
    """Return the clauses of the evidence that share at least half as much with the text as the one that shares most."""
    said = dict.fromkeys(content_tokens(text), 1.0)
    clauses = [(coverage(said, clause), clause) for clause in _CLAUSE.split(evidence) if clause.strip()]
    most = max((share for share, _ in clauses), default=0.0)
    return " ".join(clause for share, clause in clauses if share * 2 >= most)


def _denies(text: str) -> bool:
    plain = _NO_DENIAL.sub(" ", simplified(text))
    return any(denial.search(plain) for denial in (_CHINESE_NOT, _ENGLISH_NOT))
