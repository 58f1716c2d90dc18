"""Numbers as people write them: digits, words, Chinese numerals, vague amounts and ranges."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .chinese_number import CHINESE, chinese_value
from .english_number import ENGLISH, english_value

SCALES = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
SCALES |= {"hundred": 1e2, "b": 1e9, "百": 1e2, "千": 1e3, "万": 1e4, "w": 1e4}
SCALES |= {"十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8}
_SCALE = r"(?:\s?(?:thousand|million|billion|hundred)|(?:k|mn?|bn?|w)(?![a-z0-9])|\s?(?:百万|千万|十万|[百千万亿]))"
_DIGITS = (
    rf"(?<![a-z0-9_.])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?!\d)|(?<!,)\d{{1,3}},\d{{1,2}}(?={_SCALE})"
    rf"|\d+(?:\.\d+)?)(?P<scale>{_SCALE})?(?P<rest>(?<=[万千])\d(?!\d))?"
)
_NUMBER = re.compile(
    rf"(?:{_DIGITS}|(?P<zh>{CHINESE})|(?P<en>{ENGLISH}))(?P<more>\s?\+|[多余]|来(?=[条个万]))?(?P<after>万)?"
)
_DECIMAL_COMMA = re.compile(r"^(\d{1,3}),(\d{1,2})$")
"""1,2 million is 1.2 million in much of Europe."""
_JOIN = re.compile(r"\s*(?:-|~|to|or|and|到|至|或|、|—)+\s*")
_CHINESE_SCALE, _ENGLISH_SCALE = re.compile("[百千万亿]"), re.compile("hundred|thousand|million|billion")
_BETWEEN = re.compile(r"between\s+$")


class Number(NamedTuple):
    """One number in a text.

    Attributes:
        exact: It was said as a number, not as "a few hundred" or a range.
    """

    start: int
    end: int
    value: float
    exact: bool


def find_numbers(text: str) -> list[Number]:
    """Return the numbers of a plain text in order; a range counts as its lower end, which is surely there."""
    found: list[tuple[Number, float]] = []
    for one, scale in _single(text):
        joined = _joined(text, *found[-1], one, scale) if found else None
        if joined:
            found[-1] = joined, scale
        else:
            found.append((one, scale))
    return [number for number, _ in found]


def _single(text: str) -> Iterator[tuple[Number, float]]:
    """Yield each number with the scale, such as 1,000 for thousand, in which it was said."""
    for match in _NUMBER.finditer(text):
        if match["digits"]:
            scale, exact = SCALES[(match["scale"] or "").strip()], True
            value = float(_DECIMAL_COMMA.sub(r"\1.\2", match["digits"]).replace(",", "")) * scale
            if match["rest"]:  # 1万2 is 12,000
                value += int(match["rest"]) * scale / 10
        elif match["zh"]:
            (value, exact), scale = chinese_value(match["zh"]), _last_scale(_CHINESE_SCALE, match["zh"])
        else:
            (value, exact), scale = english_value(match["en"]), _last_scale(_ENGLISH_SCALE, match["en"])
        if match["after"]:  # 十多万
            value, scale = value * 1e4, 1e4
        yield Number(match.start(), match.end(), round(value, 6), exact and not match["more"]), scale


def _last_scale(pattern: re.Pattern[str], word: str) -> float:
    scales = pattern.findall(word)
    return SCALES[scales[-1]] if scales else 1.0


def _joined(text: str, first: Number, scale: float, second: Number, second_scale: float) -> Number | None:
    """Return a range, or None for two numbers that are none; the scale may stand at the end only, as in 3-5k."""
    between = text[first.end : second.start]
    if not _JOIN.fullmatch(between):
        return None
    word = between.strip()
    if word == "and" and not _BETWEEN.search(text[: first.start]):
        return None
    if word in ("、", "or", "或") and not first.value * scale < second.value <= 10 * first.value * second_scale:
        return None
    low = first.value * (second_scale if scale == 1 and first.value < second.value / second_scale else 1)
    if not low < second.value:
        return None
    return Number(first.start, second.end, low, False)
