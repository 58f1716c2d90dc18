"""Tell from words whether a sentence contradicts what it is to rest on, without judging what it means."""

import re

from .evidence import coverage
from .quantities import quantities_differ
from .tokens import tokenize
from .units import content_tokens, simplified

_NAME = re.compile(r"(?<=[^\W\d_][ ,;])[A-Z][\w'’-]+|(?<=[\u4e00-\u9fff])[A-Z][\w'’-]+")
_NO_NAMES = {"I", "The", "In", "It", "No"}
_CLAUSE = re.compile(
    r"(?<!\bNo)[.!?]\s|[。！？,，、;；:：()（）—–]|\b(?:but|while|whereas|although|however)\b|但是?|不过|然而|而且?"
)
_ENGLISH_NOT = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|unable|failed to|lacks?)\b|n['’]t\b|\w-free\b", re.I
)
_CHINESE_NOT = re.compile(r"[不没未無无非勿]|并非|缺乏|拒绝|禁止")
_NO_DENIAL = re.compile(
    r"不[同仅過过少论論管但断斷久错錯足如惜止]|不禁|不得不|非[常洲]|无[线線数數论論限]|未[来來]|除非|不丹|莫不|无不|没落|没收|无理由|无条件|无锡"
    r"|not only|no doubt|\b[Nn]o\. ?(?=\d)"
)
_NUMERAL = r"(?= ?[\d一二两三四五六七八九十百千万])"
_LIMITS = (
    (re.compile(rf"不超过|不多于|最多{_NUMERAL}"), "至多"),
    (re.compile(rf"(?:不足|未满|不满|不到|少于){_NUMERAL}"), "低于"),
    (re.compile(r"\b(?:no|not) more than\b", re.I), "at most"),
)
"""Limits, some of which are worded as denials; no denial, but the opposite of what goes beyond them."""
_OPPOSITES = (
    ("more greater", "less fewer"),
    ("most", "least fewest"),
    ("higher", "lower"),
    ("highest", "lowest"),
    ("larger bigger", "smaller"),
    ("largest biggest greatest", "smallest"),
    ("longest", "shortest"),
    ("oldest", "youngest newest"),
    ("older", "younger newer"),
    ("early earlier earliest", "late later latest"),
    ("first", "last"),
    ("before", "after"),
    ("increase increased rise rose grow grew", "decrease decreased reduce reduced decline declined fell drop dropped"),
    ("promote enhance activate", "inhibit suppress impair deactivate"),
    ("improve", "worsen"),
    ("begin began start", "end ended stop"),
    ("north northern", "south southern"),
    ("east eastern", "west western"),
    ("win won", "lose lost"),
    ("support supported favor favour", "oppose opposed"),
    ("accept accepted", "reject rejected refuse refused"),
    ("allow allowed permit permitted", "forbid forbidden prohibit prohibited ban banned"),
    ("success succeed succeeded", "failure fail failed"),
    ("positive", "negative"),
    ("import", "export"),
    ("join joined", "leave left"),
    ("增加 增长 增長 增多 上升 提高 上涨 上漲 升高 扩大 擴大", "减少 減少 下降 降低 下跌 缩小 縮小"),
    ("最大", "最小"),
    ("最高", "最低"),
    ("最多", "最少"),
    ("最早", "最晚 最后"),
    ("第一", "最后"),
    ("高于", "低于"),
    ("超过", "至多 低于"),
    ("多于", "少于"),
    ("早于", "晚于"),
    ("之前 以前", "之后 以后 之後 以後"),
    ("北部 北方 北侧", "南部 南方 南侧"),
    ("东部 東部 东侧", "西部 西侧"),
    ("支持 赞成 同意", "反对 反對"),
    ("允许 允許 可以", "禁止 不得"),
    ("开始 開始", "结束 結束"),
    ("成功", "失败 失敗"),
    ("击败 擊敗 战胜", "败给 敗給"),
    ("胜利 勝利", "失败 失敗"),
    ("进口 進口", "出口"),
    ("加入", "退出"),
    ("哥哥", "弟弟"),
    ("姐姐", "妹妹"),
    ("父亲 父親", "母亲 母親"),
    ("儿子 兒子", "女儿 女兒"),
)


def contradicts(text: str, evidence: str) -> bool:
    """Tell whether a text disagrees with evidence on a number, a name, a denial, or says the opposite of a word."""
    if quantities_differ(text, evidence) or missing_names(text, evidence):
        return True
    nearest = _nearest_clause(text, evidence)
    return _denies(text) != _denies(nearest) or opposed(text, nearest)


def missing_names(text: str, evidence: str) -> set[str]:
    """Return the words with a capital inside a sentence, which are names, that the evidence has in no form."""
    have = set(tokenize(evidence))
    return {name for name in _NAME.findall(text) if not set(tokenize(name)) & have and name not in _NO_NAMES}


def denial_differs(text: str, evidence: str) -> bool:
    """Tell whether only one of a text and the nearest clause of its evidence denies something."""
    return _denies(text) != _denies(_nearest_clause(text, evidence))


def opposed(text: str, evidence: str) -> bool:
    """Tell whether a text has a word, and the evidence in its place only one that means the opposite."""
    said, known = _words(text), _words(evidence)
    for pair in _STEMMED:
        for own, other in (pair, pair[::-1]):
            if _among(own, said) and not _among(other, said) and _among(other, known) and not _among(own, known):
                return True
    return False


def _words(text: str) -> tuple[set[str], str]:
    return set(tokenize(text)), _limited(text)


def _among(forms: tuple[str, ...], text: tuple[set[str], str]) -> bool:
    """Tell whether a text has one of some forms: stems among its tokens, ideographs anywhere."""
    tokens, plain = text
    return any(form in tokens if form.isascii() else form in plain for form in forms)


def _forms(words: str) -> tuple[str, ...]:
    return tuple(tokenize(word)[0] if word.isascii() else simplified(word) for word in words.split())


_STEMMED = tuple((_forms(one), _forms(other)) for one, other in _OPPOSITES)


def _nearest_clause(text: str, evidence: str) -> str:
    """Return the clauses of the evidence that share at least half as much with the text as the one that shares most."""
    said = dict.fromkeys(content_tokens(text), 1.0)
    clauses = [(coverage(said, clause), clause) for clause in _CLAUSE.split(evidence) if clause.strip()]
    most = max((share for share, _ in clauses), default=0.0)
    return " ".join(clause for share, clause in clauses if share * 2 >= most)


def _limited(text: str) -> str:
    """Return a text with limits in one wording."""
    plain = simplified(text)
    for wording, usual in _LIMITS:
        plain = wording.sub(usual, plain)
    return plain


def _denies(text: str) -> bool:
    plain = _NO_DENIAL.sub(" ", _limited(text))
    return any(denial.search(plain) for denial in (_CHINESE_NOT, _ENGLISH_NOT))
