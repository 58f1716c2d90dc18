"""English numbers in words, exact ones such as "two thousand" and vague ones such as "a few hundred"."""

import re

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: value for value, word in enumerate((*_UNITS, *_TEENS))}
_SMALL |= {word: 10 * value for value, word in enumerate(_TENS, 2)}
_LARGE = {"dozen": 12, "hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_FEW = {
    "few": 3,
    "several": 3,
    "couple": 2,
    "couple of": 2,
    "pair": 2,
    "pair of": 2,
    "handful": 5,
    "some": 3,
    "many": 5,
}
_MANY = {
    "dozens": 36, "scores": 60, "hundreds": 300, "thousands": 3e3, "millions": 3e6, "billions": 3e9, "tens": 30,
}  # fmt: skip

_word = "|".join(sorted(_SMALL, key=len, reverse=True))
_large = "|".join(_LARGE)
ENGLISH = (
    r"(?<![a-z0-9.'-])(?:"
    rf"(?:tens|hundreds|thousands|dozens)\s+of\s+(?:hundreds|thousands|millions|billions)"
    rf"|(?:dozens|scores|hundreds|thousands|millions|billions)(?=\s+(?:of\s+)?[a-z]|\s*$|[,.;])"
    rf"|(?:a\s+|the\s+|some\s+)?(?:few|several|couple\s+of|couple|good\s+many|many)\s+(?:{_large})s?"
    rf"|(?:a\s+)?(?:half|quarter)\s+(?:of\s+)?a?\s*(?:{_large})"
    rf"|(?:(?:a|an)\s+)(?:{_large})(?:\s+(?:{_large}))?"
    rf"|(?:{_word})(?:[\s-]+(?:and\s+)?(?:{_word}|{_large}))*"
    rf"|some\s+(?:hundreds?|thousands?|dozens?)"
    rf"|a\s+(?:few|couple\s+of|pair\s+of|handful\s+of)(?=\s+[a-z0-9])|several(?=\s+[a-z0-9])"
    r")(?![a-z])"
)


def english_value(word: str) -> tuple[float, bool]:
    """Return the value of a number in words and whether it is exact."""
    words = [part for part in re.split(r"[\s-]+", word) if part not in ("of", "and", "the")]
    if words[0] in _MANY or words[-1] in _MANY:
        first = {"tens": 30.0, "dozens": 30.0, "hundreds": 300.0, "thousands": 3e3}.get(words[0], 1.0)
        last = {"hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
        if len(words) == 2 and words[0] in _MANY and words[1] in last:
            return first * last[words[1]], False
        return _MANY[words[-1]], False
    if words[0] in ("half", "quarter") or words[:2] == ["a", "half"]:
        share = 0.25 if "quarter" in words else 0.5
        return share * _LARGE[words[-1]], False
    words = [part for part in words if part not in ("a", "an")]
    words = ["few", *words[1:]] if words[0] == "some" else words
    words = [part.removesuffix("s") if part.removesuffix("s") in _LARGE else part for part in words]
    vague = words[0] in (*_FEW, "good")
    total, current = 0.0, 0.0
    for part in words:
        if part in _SMALL:
            current += _SMALL[part]
        elif part in _FEW:
            current = _FEW[part]
        elif part in ("hundred", "dozen"):
            current = (current or 1) * _LARGE[part]
        elif part in _LARGE:
            total, current = total + (current or 1) * _LARGE[part], 0.0
    return total + current, not vague
