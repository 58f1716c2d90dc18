"""Widen hits that are sentences to the sections that they stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from .chunkers import Size, structure
from .records import Document, Hit
from .ruler import Ruler
from .tokens import token_starts

CHUNKER = "sentences"
"""The chunker whose hits are widened."""
TIMES = 6
"""So many times as many sentences are searched for as sections are wanted, as several may be of one section."""
SECTION_TOKENS = 384
"""Longest stretch that a hit is widened to, in ideographs, words and marks."""


def widened(hits: Sequence[Hit], documents: Mapping[str, Document], count: int) -> list[Hit]:
    """Return the sections of some sentences, each once, with the number and the score of its best sentence.

    Args:
        hits: Sentences, best first.
        documents: Theirs.
        count: Most sections.
    """
    found: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        start, end = _section(documents[hit.document], hit)
        if (hit.document, start) not in found:
            text = documents[hit.document].text[start:end]
            found[hit.document, start] = replace(hit, start=start, end=end, text=text)
        if len(found) == count:
            break
    return list(found.values())


def _section(document: Document, hit: Hit) -> tuple[int, int]:
    """Return the section that a hit begins in, or the hit itself where it reaches beyond one."""
    for start, end in _sections(document.id, document.text, document.markup):
        if start <= hit.start and hit.end <= end:
            return start, end
    return hit.start, hit.end


@lru_cache(maxsize=64)
def _sections(name: str, text: str, markup: str) -> tuple[tuple[int, int], ...]:
    document = Document(name, text, markup="markdown" if markup == "markdown" else "plain")
    spans = structure.spans(document, Ruler(token_starts(text)), Size(SECTION_TOKENS))
    return tuple(_trimmed(text, span.start, span.end) for span in spans)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, start + len(words.strip())
