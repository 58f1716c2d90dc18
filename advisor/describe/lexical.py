"""Find what the lexicons list in a text."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from ...knowledge.lexicon import Lexicon
from ...knowledge.load import load
from ...knowledge.text import is_chinese
from .denial import denied, denied_before
from .finding import Finding
from .number import Number
from .phrase import FIRST_MARK, compiled, marked

IGNORED = ""
"""The field of findings that only keep a number from others."""
SPECIAL = 0.5
"""Phrases that say more about a number, as "per class" does, go before those they contain."""


class _Reader(NamedTuple):
    lexicon: Lexicon
    pattern: re.Pattern[str]


def find_words(text: str) -> Iterator[Finding]:
    """Yield what the words of a plain text say, whatever its numbers are."""
    for lexicon, pattern in _readers(is_chinese(text), False):
        for match in pattern.finditer(text):
            no = denied(text, match.start(), match.end())
            value = lexicon.denied if no else lexicon.value
            if value is not None or (lexicon.uncounted and not no):
                yield Finding(lexicon.field, value, match.start(), match.end(), lexicon.weight, exact=not lexicon.about)


def find_counts(text: str, numbers: Sequence[Number]) -> Iterator[Finding]:
    """Yield what the numbers of a plain text count."""
    with_marks = marked(text, numbers)
    for lexicon, pattern in _readers(is_chinese(text), True):
        for match in pattern.finditer(with_marks):
            index = ord(match["n"][0]) - FIRST_MARK
            if lexicon.counts_number(numbers[index].value) and not denied_before(text, match.start()):
                yield _counted(lexicon, numbers[index], index, match.start(), match.end())


def _counted(lexicon: Lexicon, number: Number, index: int, start: int, end: int) -> Finding:
    value = number.value * lexicon.scale
    answer = next((level.value for level in lexicon.level if level.below is None or value < level.below), value)
    field = IGNORED if lexicon.ignored else lexicon.field
    # between equals the closest thing is what is counted: a long phrase loses a little
    weight = (
        lexicon.weight - (end - start) / 1000 + (SPECIAL if lexicon.ignored or lexicon.each or lexicon.added else 0)
    )
    exact = number.exact and not lexicon.about
    added = lexicon.id if lexicon.added else None
    return Finding(field, answer, start, end, weight, exact, index, lexicon.each, lexicon.least, added)


@cache
def _readers(chinese: bool, counts: bool) -> tuple[_Reader, ...]:
    """Return the lexicons with their patterns; Chinese phrases only for texts that have Chinese characters."""
    found = []
    for lexicon in load(Lexicon).values():
        for language, phrases in (("zh", lexicon.zh if chinese else ()), ("en", lexicon.en)):
            if lexicon.counts == counts and (counts or phrases):
                singly = [[phrase] for phrase in phrases] if counts else [phrases]  # a group's name may stand once
                found += [_Reader(lexicon, pattern) for one in singly if (pattern := compiled(one, language))]
    return tuple(found)
