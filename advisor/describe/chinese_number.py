"""Chinese numerals, exact ones such as 五千三百 and vague ones such as 几百 or 十几万."""

import re

_DIGIT = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "半": 0.5,
}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 1e4, "亿": 1e8}
_VAGUE = 3
"""A few of something: 几百 is about 300."""

_MEASURES = "条个张块卡种类份篇本页对组台片次轮名位家套句段例则项只封门字万千百元块秒天小人亿级分档"
_AFTER_LONG = f"{_MEASURES}首通件宗册幅笔起单卷帧场道枚部"
"""Behind numerals of two characters and more also those that after one character make other words, as 一起 does."""
_PLAIN = "零一二两俩三四五六七八九十百千万亿"
CHINESE = (
    rf"[一二两三四五六七八]、[二两三四五六七八九][十百千万亿]+(?=[几多余来]?[{_MEASURES}])"
    rf"|(?:上|成|数以|近)?[几数好][十百千万亿]+(?=[几多余来]?[{_AFTER_LONG}]|的|\s|$|[，。；,）、级])|好几[十百千万]+"
    rf"|成千上万|数以[百千万亿]计|上[百千万亿]{{1,2}}(?=[{_MEASURES}])|[百千万]把(?=[{_MEASURES}])"
    rf"|[十百千]来(?=[{_MEASURES}])|[十百千]余(?=[{_MEASURES}])"
    rf"|[几数](?=[{_MEASURES}])|十几[万千百亿]?(?=[{_MEASURES}]|的)"
    rf"|[{_PLAIN}]{{2,}}(?<![万千百]一)(?=[几多余来]?[{_AFTER_LONG}]|[到至\-~、，。；,\s多余左上]|$"
    rf"|[a-z0-9亿显标样数分])"
    rf"|(?!一(?:天|周|星期|个?月|年|个?小时|季度|日))[一二两俩三四五六七八九十](?=[{_MEASURES}到至\-~]"
    rf"|\s?[a-z]?\d{{2,4}})"
)


def chinese_value(word: str) -> tuple[float, bool]:
    """Return the value of a numeral and whether it is exact."""
    if word == "成千上万":
        return 10_000, False
    if counted := re.fullmatch("数以([百千万亿])计", word):
        return _VAGUE * _number(counted[1]), False
    vague = bool(re.search("[几数好上成近把来余]", word))
    core = re.sub("[上成近把来余好、]|数以", "", word)
    if core.startswith("十几"):
        return 15 * (_number(core[2:]) if core[2:] else 1), False
    if core[:1] in ("几", "数"):
        return _VAGUE * (_number(core[1:]) if core[1:] else 1), False
    if pair := re.fullmatch("([一二两三四五六七八])([二两三四五六七八九])([十百千万亿]*)", core):  # 两三千
        return (_DIGIT[pair[1]] + _DIGIT[pair[2]]) / 2 * (_number(pair[3]) if pair[3] else 1), False
    return _number(core), not vague


def _number(word: str) -> float:
    """Return the value of a numeral such as 五千三百, 两万三 or 百万."""
    total, section, digit, last = 0.0, 0.0, None, 1.0
    for character in word:
        if character in _DIGIT:
            digit = _DIGIT[character]
            last = 1.0 if character == "零" else last
        elif character in _UNIT:
            section += (1 if digit is None else digit) * _UNIT[character]
            digit, last = None, _UNIT[character] / 10
        else:
            section += digit or 0
            total = (
                (total + (section or (1 if total == 0 else 0))) * _LARGE[character]
                if total == 0 or section == 0
                else (total + section * _LARGE[character])
            )
            section, digit, last = 0.0, None, _LARGE[character] / 10
    return total + section + (0 if digit is None else digit * last)
