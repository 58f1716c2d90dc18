"""Cut text into the units that answers are made of: ideographs, words, numbers and marks, each with its place."""

import re
from dataclasses import dataclass

from .tokens import IDEOGRAPHS, tokenize

_UNIT = re.compile(
    rf"(?P<han>[{IDEOGRAPHS}])|(?P<number>\d+(?:[.,:]\d+)*)|(?P<word>[^\W\d_{IDEOGRAPHS}]+(?:['’][^\W\d_]+)?)|(?P<mark>\S)"
)
_SIMPLE = str.maketrans(
    "為爲這個們來時對說會後與於國過還經進種樣實現開關將從問題間點當應該無長動員學業發電話幾誰麼裡裏處區東機構稱號歲億萬餘僅達兩約爾羅馬門體書車馬魚鳥龍見親讓認識語訊設計記許論證譯議護變認請謂調談課誤誘誠詞該詳話",
    "为为这个们来时对说会后与于国过还经进种样实现开关将从问题间点当应该无长动员学业发电话几谁么里里处区东机构称号岁亿万余仅达两约尔罗马门体书车马鱼鸟龙见亲让认识语讯设计记许论证译议护变认请谓调谈课误诱诚词该详话",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Hold one unit of a text.

    Attributes:
        start: First character, counted in the text.
        end: One past the last character.
        word: The unit in small letters and, for the commonest characters, simplified ones.
        kind: han, number, word, Word (with a capital), WORD (all capitals) or mark.
    """

    start: int
    end: int
    word: str
    kind: str


def units_of(text: str) -> list[Unit]:
    """Return the units of a text in order; white space belongs to none."""
    return [
        Unit(found.start(), found.end(), simplified(found[0].lower()), _kind(found)) for found in _UNIT.finditer(text)
    ]


def simplified(text: str) -> str:
    """Return a text with the commonest traditional characters in their simplified form."""
    return text.translate(_SIMPLE)


def _kind(found: re.Match[str]) -> str:
    kind, text = found.lastgroup or "mark", found[0]
    if kind != "word" or text.islower():
        return kind
    return "WORD" if len(text) > 1 and text.isupper() else "Word" if text[0].isupper() else kind


def content_tokens(text: str) -> list[str]:
    """Return the tokens of a text that say what it is about: those of ``tokenize`` without question and form words."""
    return [
        token for token in tokenize(text) if token not in FORM_WORDS and not FORM_CHARACTERS & set(simplified(token))
    ]


FORM_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the of in on at to for from by with and or but is are was were be been being do did doe does
        have has had it its that this these those what which who whom whose when where whi why how mani much
        there their they he she his her as than then so such not no can could will would shall should may
        might also into about between after befor dure i you we our your my me us them ani some all other
        name""",
    )
)
"""English words, as ``tokenize`` stems them, that stand in any sentence."""

FORM_CHARACTERS = frozenset("的了是在有和与及或之其这那个么什哪谁何几多少为因如怎吗呢啊吧就都也而被把从对于以所将")
"""Characters, in their simplified form, that stand in any Chinese sentence."""
