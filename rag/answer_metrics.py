"""How good an answer is, given what it should have been."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from .tokens import IDEOGRAPHS

_PIECE = re.compile(rf"[{IDEOGRAPHS}]|[^\W_{IDEOGRAPHS}]+")
_ARTICLES = {"a", "an", "the"}


def exact_match(answer: str, wanted: Sequence[str]) -> float:
    """Return 1.0 if the answer has the words of one of the wanted ones, in their order, else 0.0.

    Case, width, punctuation and English articles do not count, and each ideograph is a word.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1; for Chinese, Cui et al. 2019, arXiv 1810.07366.
    """
    pieces = _pieces(answer)
    return float(any(pieces == _pieces(each) for each in wanted))


def overlap_f1(answer: str, wanted: Sequence[str]) -> float:
    """Return the harmonic mean of precision and recall over words, 0 to 1, for the wanted answer that fits best."""
    return max(_overlap(_pieces(answer), _pieces(each)) for each in wanted)


def _overlap(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    return 2 * (Counter(found) & Counter(wanted)).total() / (len(found) + len(wanted))


def _pieces(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [piece for piece in _PIECE.findall(folded) if piece not in _ARTICLES]
