"""Cut text into the units that lexical search counts, for Chinese and Latin scripts alike.

Ideographs and kana have no spaces between words: single characters and pairs of neighbours stand for words. Words of
other scripts are reduced to their stem. Widths and cases are folded first.

Source: knowledge/decisions/0007-retrieval.md, measured against jieba and against whole words.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Protocol

TOKENIZER = "unibigram-snowball-1"  # recorded in every index; change it when tokens change

IDEOGRAPHS = (
    "々〇\u3041-\u3096\u30a1-\u30fa\u30fc\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3\U00020000-\U0003fffd"
)
_UNIT = re.compile(rf"(?P<run>[{IDEOGRAPHS}]+)|[^\W_{IDEOGRAPHS}]+")
_ASCII_WORD = re.compile("[a-z0-9]+")
_LENGTH_UNIT = re.compile(rf"[{IDEOGRAPHS}]|[^\W{IDEOGRAPHS}]+|[^\w\s]")


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


def tokenize(text: str) -> list[str]:
    """Return the tokens of a text, in order, repeated as often as they occur.

    Args:
        text: Any text; full-width letters and digits count as their usual forms.
    """
    if text.isascii():  # the same, faster
        return [_STEMS[word] for word in _ASCII_WORD.findall(text.lower())]
    tokens: list[str] = []
    for unit in _UNIT.finditer(unicodedata.normalize("NFKC", text).lower()):
        if unit["run"]:
            run = unit["run"]
            tokens += run
            tokens += [run[place : place + 2] for place in range(len(run) - 1)]
        else:
            tokens.append(_STEMS[unit[0]])
    return tokens


TOKENS_PER_UNIT = 1.5
"""Words and ideographs become 1 to 1.5 tokens in the vocabularies of current models; the high end cuts nothing off."""


def token_starts(text: str) -> list[int]:
    """Return where each unit of length begins: an ideograph, a word, or a punctuation mark."""
    return [unit.start() for unit in _LENGTH_UNIT.finditer(text)]


def about_tokens(texts: Iterable[str]) -> int:
    """Return how many tokens texts have together in a model's vocabulary, at most about."""
    return round(sum(len(token_starts(text)) for text in texts) * TOKENS_PER_UNIT)


@cache
def _stemmer() -> _Stemmer:
    import snowballstemmer

    stemmer: _Stemmer = snowballstemmer.stemmer("english")
    return stemmer


class _Stems(dict[str, str]):
    """Stem each word once."""

    def __missing__(self, word: str) -> str:
        if word.isdigit():
            return word  # there is no end of numbers to remember
        self[word] = stem = _stemmer().stemWord(word)
        return stem


_STEMS = _Stems()
