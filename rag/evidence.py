"""Cut what was found into sentences, and measure how much of a question each has to do with."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .records import Hit
from .sentences import sentence_spans
from .tokens import IDEOGRAPHS
from .units import content_tokens

Rarity = Callable[[str], float]
"""Gives a token's inverse document frequency."""

LEAST_WIDTH = 40
"""Columns of a line that may have been wrapped; a shorter one is a verse, an entry or a heading."""
_ENDED = re.compile(r"[.!?:。！？；：|…][”’」』）)\"']*\s*$|^\s*(#{1,6}\s|\||```)")
_BEGINS = re.compile(r"\s*([-*•#|>]|\d+[.)、]|[（(]?[一二三四五六七八九十]+[)）、]|```)")
_PAIR = re.compile(rf"[{IDEOGRAPHS}]{{2}}")
_HEADING = re.compile(r"#{1,6}\s")

MOST_SENTENCES = 12
"""Sentences that are looked at closely: more of them cost time and find nothing new on the public sets."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Hold one sentence of what was found.

    Attributes:
        hit: Rank of its chunk, from 0.
        document: The document's id.
        start: First character, counted in the document.
        end: One past the last character.
        text: The sentence itself.
        coverage: Share of the question's content, weighted by rarity, that is in the sentence, 0 to 1.
        surroundings: The same share for the whole chunk.
    """

    hit: int
    document: str
    start: int
    end: int
    text: str
    coverage: float
    surroundings: float


def sentences_of(question: str, hits: Sequence[Hit], rarity: Rarity) -> list[Sentence]:
    """Return the sentences of some hits, those that have most of the question first, each stretch of text once.

    Args:
        question: What is asked.
        hits: Best first.
        rarity: Of a token.
    """
    asked = weighted_content(question, rarity)
    found: dict[tuple[str, int], Sentence] = {}
    for rank, hit in enumerate(hits):
        surroundings = coverage(asked, hit.text)
        for start, end in trimmed_sentences(hit.text):
            text = hit.text[start:end]
            place = (hit.document, hit.start + start)
            if place not in found:
                near = coverage(asked, text)
                found[place] = Sentence(rank, *place, hit.start + end, text, near, surroundings)
    return sorted(found.values(), key=lambda sentence: (-sentence.coverage - sentence.surroundings, sentence.hit))


def is_heading(text: str) -> bool:
    """Tell whether a line is a heading of Markdown, which says what follows is about and answers nothing."""
    return _HEADING.match(text) is not None


def weighted_content(question: str, rarity: Rarity) -> dict[str, float]:
    """Return the rarity of each token that a question is about.

    A pair of ideographs that no chunk has is mostly the end of one word with the beginning of another; its two
    characters count, and the pair does not. A word of another script that no chunk has counts most of all.
    """
    nowhere = rarity("")
    weights = {token: rarity(token) for token in content_tokens(question)}
    return {token: weight for token, weight in weights.items() if weight < nowhere or not _PAIR.fullmatch(token)}


def coverage(asked: dict[str, float], text: str) -> float:
    """Return the share of some weighted tokens that a text has, 0 to 1."""
    total = sum(asked.values())
    here = set(content_tokens(text)) if total else set()
    return sum(weight for token, weight in asked.items() if token in here) / total if total else 0.0


def trimmed_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of a text's sentences without the white space around them; wrapped lines are put together."""
    begin = 0
    for start, end in sentence_spans(text, 0, len(text)):
        if end < len(text) and _wrapped(text[start:end], text[end:]):
            continue
        words = text[begin:end]
        first = begin + len(words) - len(words.lstrip())
        begin = end
        if words.strip():
            yield first, first + len(words.strip())


def _wrapped(line: str, rest: str) -> bool:
    """Tell whether a line ends because the page does, as in a PDF: it is long, ends without a mark, and goes on."""
    space = line[len(line.rstrip()) :]  # with the indent of the line that follows
    if space.count("\n") != 1 or _ENDED.search(line):
        return False
    width = sum(2 if character > "\u2e7f" else 1 for character in line.strip())
    return width >= LEAST_WIDTH and not _BEGINS.match(rest)
