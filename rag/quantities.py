"""Read the numbers of a text with their scale and unit, and tell where two texts disagree on one."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .units import FORM_CHARACTERS, FORM_WORDS, Unit, simplified, units_of

_SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
    "万亿": 10**12,
}
_UNITS = {
    "%": ("percent", "per cent"),
    "year": ("years", "year", "年"),
    "month": ("months", "month", "个月", "月"),
    "week": ("weeks", "week", "周", "星期"),
    "day": ("days", "day", "天", "日", "号"),
    "hour": ("hours", "hour", "小时"),
    "minute": ("minutes", "minute", "分钟", "分鐘"),
    "second": ("seconds", "second", "秒"),
    "kilometre": ("kilometres", "kilometers", "kilometre", "kilometer", "km", "公里", "千米"),
    "metre": ("metres", "meters", "metre", "meter", "m", "米", "公尺"),
    "centimetre": ("centimetres", "centimeters", "cm", "厘米", "公分"),
    "mile": ("miles", "mile", "mi", "英里"),
    "foot": ("feet", "foot", "ft", "英尺"),
    "square kilometre": ("square kilometres", "square kilometers", "km2", "平方公里", "平方千米"),
    "square metre": ("square metres", "square meters", "m2", "平方米", "平方公尺"),
    "kilogram": ("kilograms", "kg", "公斤", "千克"),
    "gram": ("grams", "g", "克"),
    "tonne": ("tonnes", "tons", "吨", "噸"),
    "pound": ("pounds", "lb", "£", "英镑"),
    "dollar": ("dollars", "$", "美元"),
    "euro": ("euros", "€", "欧元"),
    "yuan": ("yuan", "元", "人民币"),
}
_NAMED = {name: unit for unit, names in _UNITS.items() for name in (unit, *names)}


def _choice(names: Mapping[str, object]) -> str:
    """Return a pattern for names, long ones first; after a name in letters there is no further letter."""
    ordered = sorted(names, key=len, reverse=True)
    return "|".join(
        re.escape(name) + (r"(?![a-z])" if name[-1].isascii() and name[-1].isalpha() else "") for name in ordered
    )


_QUANTITY = re.compile(
    rf"(?P<sign>[$€£])?(?P<number>\d+(?:[.,]\d+)*)(?:[\s-]?(?P<scale>{_choice(_SCALES)}))?(?:[\s-]?(?P<unit>{_choice(_NAMED)}))?"
)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS_AND_ONES = re.compile(rf"\b({'|'.join(_TENS)})(?:[ -]({'|'.join(_WORDS[1:10])}))?\b")
_CHINESE = re.compile(r"(?:([一二两三四五六七八九])百零?)?(?:([一二三四五六七八九])?(十))?([一二两三四五六七八九])?")
_IDEOGRAPHS = "零一二三四五六七八九十"
_REACH, _MARK = 6, 2
"""Units of text on each side of a number that tell what it is the number of, and for how many a mark counts."""
_TIMES, _MORE = 2.0, 0.2
"""So much better must another number fit. Chosen on half of the articles, see knowledge/decisions/0011-answers.md."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Hold a number with its scale, and its unit where that is a known one; ``start`` is where its digits begin."""

    value: Decimal
    unit: str | None
    start: int


def quantities(text: str) -> list[Quantity]:
    """Return the numbers that a text has in digits, in order."""
    return [_quantity(found) for found in _QUANTITY.finditer(_plain(text))]


def _plain(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text)).lower()


def _quantity(found: re.Match[str]) -> Quantity:
    digits = found["number"].replace(",", "")
    value = Decimal(digits) if digits.count(".") < 2 else Decimal(digits.replace(".", ""))
    unit = found["unit"] or found["sign"]
    return Quantity(value * _SCALES.get(found["scale"] or "", 1), _NAMED[unit] if unit else None, found.start("number"))


def quantities_differ(text: str, evidence: str) -> bool:
    """Tell whether a text has a number that evidence has not, has in another unit, or has for something else."""
    said, known = quantities(text), quantities(evidence)
    in_words = _in_words(evidence)
    units: defaultdict[Decimal, set[str | None]] = defaultdict(set)
    for each in known:
        units[each.value].add(each.unit)
    for each in said:
        if each.value not in units:
            if each.value not in in_words:
                return True
        elif each.unit is not None and None not in units[each.value] and each.unit not in units[each.value]:
            return True
    return _misplaced(text, said, evidence, known)


def _in_words(text: str) -> set[Decimal]:
    """Return the small numbers that a text has in words; of numbers made of several, the parts."""
    small = set(re.findall(r"[a-z]+", text.lower()))
    words = {Decimal(value) for value, word in enumerate(_WORDS) if word in small}
    words |= {Decimal(value) for value, word in enumerate(_TEENS, start=13) if word in small}
    for tens, ones in _TENS_AND_ONES.findall(text.lower()):
        words.add(Decimal(10 * _TENS.index(tens) + 20 + (_WORDS.index(ones) if ones else 0)))
    words |= {Decimal(_chinese(*found)) for found in _CHINESE.findall(simplified(text)) if any(found)}
    return words | {Decimal(value) for value, sign in enumerate(_IDEOGRAPHS) if sign in text}


def _chinese(hundreds: str, tens: str, ten: str, ones: str) -> int:
    """Return the value of a numeral below a thousand, such as 十五 or 两百零三."""
    hundred, more, one = (_IDEOGRAPHS.index(sign.replace("两", "二")) if sign else 0 for sign in (hundreds, tens, ones))
    return 100 * hundred + 10 * (more or bool(ten)) + one


def _misplaced(text: str, said: Sequence[Quantity], evidence: str, known: Sequence[Quantity]) -> bool:
    """Tell whether what surrounds a number of the text surrounds clearly another number in the evidence."""
    if not said or len({each.value for each in known}) < 2:
        return False
    around_said, around_known = [*_surroundings(text, said)], [*_surroundings(evidence, known)]
    for each, here in zip(said, around_said, strict=True):
        own = [
            _alike(here, there) for other, there in zip(known, around_known, strict=True) if other.value == each.value
        ]
        others = [
            _alike(here, there)
            for other, there in zip(known, around_known, strict=True)
            if other.value != each.value and other.unit == each.unit
        ]
        if own and others and max(others) > _TIMES * max(own) + _MORE:
            return True
    return False


def _surroundings(text: str, numbers: Sequence[Quantity]) -> Iterator[dict[str, float]]:
    """Yield for each number the words around it, nearer ones counting more."""
    units = units_of(_plain(text))
    starts = {each.start: place for place, each in enumerate(units)}
    for number in numbers:
        place = starts.get(number.start, 0)
        around: dict[str, float] = {}
        for step in (-1, 1):
            distance = 0.0
            for unit in units[place + step :: step][: 2 * _REACH] if place + step >= 0 else []:
                distance += _MARK if unit.kind == "mark" else 0.5 if unit.kind == "han" else 1
                if distance > _REACH:
                    break
                if _tells(unit):
                    around[unit.word] = max(around.get(unit.word, 0.0), 1 / (1 + distance))
        yield around


def _tells(unit: Unit) -> bool:
    return unit.kind not in ("mark", "number") and unit.word not in FORM_WORDS and unit.word not in FORM_CHARACTERS


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(min(weight, other.get(word, 0.0)) for word, weight in one.items())
