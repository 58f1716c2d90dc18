"""Name what speaks for and against a stretch of text as the answer to a question."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..knowledge.text import is_chinese
from .evidence import Sentence
from .units import Unit, content_tokens, simplified, units_of

_FAR = (1, 2, 3, 5, 8, 13)

_KINDS = {
    "en": (
        ("many", r"how (many|much)|what (number|percent|amount|percentage|fraction|proportion|score)"),
        ("when", r"\bwhen\b|what (year|date|day|time|month|decade|century)|which (year|date|day|month|century)"),
        ("long", r"how (long|far|old|tall|big|large|high|often|fast|deep|wide|heavy)"),
        ("where", r"\bwhere\b|(what|which) (city|country|state|place|area|region|town|island|continent|county|river)"),
        ("who", r"\bwho(m|se)?\b|(what|which) (person|man|woman|player|actor|singer|scientist|king|president|author)"),
        ("why", r"\bwhy\b|what (caused|causes|reason)|for what (reason|purpose)"),
        ("how", r"\bhow\b"),
        ("type", r"what (kind|type|sort|form)s? of"),
        ("which", r"\bwhich\b"),
        ("what", r"\bwhat\b"),
    ),
    "zh": (
        ("many", r"多少|几[个名位人种部家所座次岁届级层米公支条项万]|多[大长高重远深宽]|人口"),
        ("when", r"何时|时候|哪一?[年天月日]|何年|时间|几[年月日天]|年份|日期|世纪|时期|年代|多久"),
        ("where", r"哪里|何处|哪儿|什么地方|哪一?个?(国|省|市|地|州|城|洲|县|区|岛|河)|何地|在哪|位于"),
        ("who", r"谁|何人|哪一?位|什么人|哪一?个人"),
        ("why", r"为什么|为何|原因|何以|因为什么|为了"),
        ("how", r"如何|怎么|怎样|方式|方法"),
        ("list", r"哪些|有哪|哪[两三四五六几]"),
        ("mean", r"是什么[？?]?$|指什么|什么意思|定义|何谓"),
        ("which", r"哪|何"),
        ("what", r"什么"),
    ),
}


@dataclass(frozen=True, slots=True)
class Features:
    """Hold the names of what speaks for stretches of one text.

    Attributes:
        start: For each unit, as the first of a stretch.
        end: For each unit, as the last.
        inside: For each unit, as one of a stretch.
        marks: For each unit, whether it is a mark, with which no answer begins or ends.
        kind: What the question asks for.
    """

    start: list[list[str]]
    end: list[list[str]]
    inside: list[list[str]]
    marks: list[bool]
    kind: str


def language_of(question: str) -> str:
    """Return whose weights to use: zh for a question with Chinese characters, else en."""
    return "zh" if is_chinese(question) else "en"


def question_kind(question: str) -> str:
    """Return what is asked for, such as ``when``; ``other`` where nothing tells."""
    text = simplified(question.lower())
    return next((name for name, pattern in _KINDS[language_of(question)] if re.search(pattern, text)), "other")


def features_of(question: str, units: Sequence[Unit]) -> Features:
    """Return the features of one sentence's units."""
    kind = question_kind(question)
    asked = _asked_words(question)
    shared = [unit.word in asked and unit.kind != "mark" for unit in units]
    before, after = _distances(shared), _distances(shared[::-1])[::-1]
    ends = _Edges(units, shared)
    start, end, inside = [], [], []
    for place, unit in enumerate(units):
        own = ("s", f"u={unit.word}", f"k={unit.kind}", f"q={shared[place]}")
        left = (*(f"l{each}" for each in ends.beside(place, -1)), f"d={before[place]}", f"D={after[place]}")
        right = (*(f"r{each}" for each in ends.beside(place, 1)), f"d={after[place]}", f"D={before[place]}")
        start.append(list(_crossed("S", (*own, *left, f"n{ends.at(place + 1)}"), kind)))
        end.append(list(_crossed("E", (*own, *right, f"n{ends.at(place - 1)}"), kind)))
        inside.append(list(_crossed("I", (f"k={unit.kind}", f"q={shared[place]}", f"u={unit.word}"), kind)))
    return Features(start, end, inside, [unit.kind == "mark" for unit in units], kind)


def sentence_features(sentences: Sequence[Sentence], place: int, kind: str) -> list[str]:
    """Return the names of what speaks for one of several sentences: its rank, its coverage, its chunk."""
    one = sentences[place]
    better = sum(other.coverage > one.coverage for other in sentences)
    near = f"c{round(10 * one.coverage)}"
    names = (near, f"b{min(better, 5)}", f"h{min(one.hit, 3)}", f"p{round(10 * one.surroundings)}")
    return [*_crossed("T", names, kind)]


class _Edges:
    """Tell what stands at and beside a place."""

    def __init__(self, units: Sequence[Unit], shared: Sequence[bool]) -> None:
        self._units, self._shared = units, shared

    def at(self, place: int) -> str:
        return f"={self._units[place].word}" if 0 <= place < len(self._units) else "=|"

    def beside(self, place: int, step: int) -> Iterator[str]:
        one, two = place + step, place + 2 * step
        yield f"1{self.at(one)}"
        yield f"2{self.at(two)}"
        yield f"12{self.at(one)}{self.at(two)}"
        if 0 <= one < len(self._units):
            yield f"k={self._units[one].kind}{self._units[place].kind}"
            yield f"q={self._shared[one]}"


def _asked_words(question: str) -> set[str]:
    """Return the units that the question is about; form words and question words stand anywhere."""
    return {unit.word for unit in units_of(question) if content_tokens(unit.word)}


def _distances(shared: Sequence[bool]) -> list[int]:
    """Return how far before each unit the nearest one lies that the question has, too, in steps of ``_FAR``."""
    found, last = [], -100
    for place, here in enumerate(shared):
        found.append(sum(place - last > far for far in _FAR))
        last = place if here else last
    return found


def _crossed(role: str, names: Sequence[str], kind: str) -> Iterator[str]:
    for name in names:
        yield f"{role}{name}"
        yield f"{role}{name}|{kind}"
