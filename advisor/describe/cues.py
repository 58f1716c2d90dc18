"""Cues in a text, which the learned reader goes by: short runs of words or characters, and the lexicons' findings."""

import re
from functools import lru_cache

from .found import best, find_all
from .plain_text import SENTENCE_END, clauses, plain_text

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
WORDS, CHARACTERS = (1, 2), (1, 2, 3)
"""Lengths of the runs: of words, of Chinese characters."""
PLAIN_WORDS = 2.0
"""From this weight on a finding is said in plain words and not only hinted at."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a text begin and end."""
    return list(clauses(plain_text(text), SENTENCE_END))


@lru_cache(maxsize=256)  # the whole text, its sentences and their clauses are asked about again and again
def cues(text: str) -> frozenset[str]:
    """Return the cues of a text; those that begin with ``@`` are findings of the lexicons."""
    plain = plain_text(text)
    return frozenset((*_runs(plain), *_findings(plain, text)))


def _runs(plain: str) -> list[str]:
    words = ["#" if word.isdigit() else word for word in _WORD.findall(plain)]
    found = [" ".join(words[start : start + n]) for n in WORDS for start in range(len(words) - n + 1)]
    for part in _CHINESE.findall(plain):
        found += [part[start : start + n] for n in CHARACTERS for start in range(len(part) - n + 1)]
    return found


def _findings(plain: str, text: str) -> list[str]:
    """Return what was found, each with whether it was plainly said, and what would be chosen of it."""
    found = find_all(plain, text)
    every = [f"@{one.field}={_shown(one.value)}" for one in found]
    said = [f"{name}!" for name, one in zip(every, found, strict=True) if one.weight >= PLAIN_WORDS]
    return [*every, *said, *(f"@@{field}={_shown(one.value)}" for field, one in best(found).items())]


def _shown(value: object) -> str:
    """Return a word for a value; numbers are all one, since what they count is what matters."""
    if value is None:
        return "uncounted"
    return str(value) if isinstance(value, str | bool) else "number"
