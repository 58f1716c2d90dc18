"""The language of lexicons' phrases, and texts with their numbers marked so that phrases can point at them."""

import re
from collections.abc import Sequence

from .number import Number

FIRST_MARK, FILLER = 0xE000, "\uf8ff"
"""A number is marked by one character of its own and fillers, so that a marked text has the same length."""

_MARKS = "\ue000-\uf8ff"
_NUMBER = f"(?P<n>[\ue000-\uf8fe]{FILLER}*)"
_GAP = {
    "zh": f"[^。！？!?；;，,\n{_MARKS}]{{0,10}}?",
    "en": rf"(?:[^\s.!?;。，；{_MARKS}]+,?\s+){{0,4}}?",
}
_TOKEN = re.compile(r"\s*…\s*|<n>|\*|\s+")


def compiled(phrases: Sequence[str], language: str) -> re.Pattern[str] | None:
    """Return one pattern for some phrases of a language, or None when there are none."""
    if not phrases:
        return None
    return re.compile("|".join(_one(phrase, language) for phrase in phrases))


def _one(phrase: str, language: str) -> str:
    def token(match: re.Match[str]) -> str:
        found = match[0].strip()
        if found == "…":
            spaced = r"\s*" if language == "zh" or phrase[match.end() :].startswith((",", ")")) else r"[\s\-]+"
            return (spaced if language == "en" and match.start() > 0 else "") + _GAP[language]
        if found == "<n>":
            return rf"\s*{_NUMBER}\s*" if language == "zh" else _NUMBER
        if found == "*":
            repeats = language == "zh" or phrase[: match.start()].endswith(" )")
            return "*" if repeats else "[a-z]*"
        return r"(?:[\s\-]+)" if language == "en" else r"(?:\s*)"

    pattern = _TOKEN.sub(token, phrase)
    return rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])" if language == "en" else f"(?:{pattern})"


def marked(text: str, numbers: Sequence[Number]) -> str:
    """Return a text in which each number is a mark."""
    pieces, place = [], 0
    for index, number in enumerate(numbers):
        pieces += [text[place : number.start], chr(FIRST_MARK + index), FILLER * (number.end - number.start - 1)]
        place = number.end
    return "".join([*pieces, text[place:]])
