"""GPUs in a text: how many of which, and how much memory all of them have."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ...knowledge.find import gpu_names
from .denial import denied
from .finding import Finding
from .number import find_numbers
from .plain_text import CLAUSE_END

GIBIBYTE = 2**30
NOMINAL_GB = (4, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 141, 180, 192, 256, 288)
"""What makers print on cards; drivers report up to 8 percent less."""

PER_SERVER = 8
"""A server or a cluster of data-centre GPUs, where no number is given."""

_ONE, _TWO = r"(?:a|an|one|single|the|our|单|一)", r"(?:dual|twin|a\s+pair\s+of|双|一对|a\s+couple\s+of)"
_COUNT = (
    r"(?:(?P<count>\d{1,4}|[一二两三四五六七八九十]+|two|three|four|five|six|seven|eight|ten|twelve"
    r"|sixteen|thirty-two)"
    r"\s*(?:x|×|\*|-|张|块|卡|片|个|颗|台|gpus?|cards?)?\s*(?:的|of\s+)?|(?P<pair>" + _TWO + r")\s*(?:卡)?[\s-]*|"
    r"(?P<one>" + _ONE + r")\s*(?:张|块|卡|片|个|颗|台)?\s+?|(?:单|一)(?:张|块|卡|片|台)?)?"
)
_MAKER = (
    r"(?:(?P<each>[1-9]\d{0,2})\s*(?:gib|gb|g)\s*(?:的\s*)?)?(?:(?:nvidia|geforce|tesla|rtx|gtx|amd"
    r"|instinct|英伟达|used|old|new|consumer|laptop)\s*-?)*"
)
_MEMORY = r"(?:[\s\-(（,]*(?P<memory>\d{1,3})\s*(?:gib|gb|g)(?![a-z])(?:\s*(?:显存|vram|memory))?[)）]?)?"
_AFTER = (
    r"(?:\s*(?:x|×|\*)\s*(?P<times>\d{1,3})(?!\d)|\s*(?:显卡|gpus?|卡)?\s*(?:有|共|一共"
    r"|，)?\s*(?P<after>\d{1,3}|[一二两三四五六七八九十]{1,2})\s*(?:张|块|卡|片)"
    r"|\s*(?P<double>双卡)|\s*(?P<many>nodes?|servers?|machines?|clusters?|pods?|集群|服务器|多卡|多机))?"
)
_NODES = re.compile(
    r"(?P<nodes>\d{1,3}|[一二两三四五六七八九十]|two|three|four|eight)\s*(?:nodes?|servers?|machines?"
    r"|台|个?节点)(?:\s*(?:of|with|each|,|x|×|\*))*\s*$"
)
_PER_NODE = re.compile(r"(?:每(?:台|个?节点|机)\s*)$")
_PLAIN_MEMORY = re.compile(
    r"(?:(?<![\d.])(?P<count>\d{1,3}|[一二两三四五六七八九十]|two|three|four|eight)\s*(?:x|×|\*|张|块"
    r"|卡|片|gpus?|cards?)?\s*(?:with|of|at|的|共|,)?\s*)??"
    r"(?<![\d.])(?P<memory>\d{1,4})\s*(?:gib|gb|g)\s*(?:的)?(?:of\s+)?\s*(?:nvidia\s+|gpu\s+"
    r"|graphics\s+|consumer\s+|video\s+|gaming\s+|desktop\s+|laptop\s+|workstation\s+|游戏|笔记本|家用|消费级|入门级?|普通)*"
    r"(?:显存|vram|v-?ram|gpu|显卡|graphics|video\s+memory|gpu\s+memory|card|卡"
    r"|的卡)s?(?!\s*ram)(?P<each>\s*(?:each|apiece|per\s+card|每张|每块))?"
)
_MEMORY_FIRST = re.compile(
    r"(?:显存|vram|gpu\s+memory|gpu|gpus|显卡|graphics\s+card|cards?)\s*(?:只有|才|有|是|为|大小|共"
    r"|一共|总共|合计|总计|约|大概|:|：|=|of|with|is|has|have|at|only|about|\(|,|total|just|some"
    r"|around|memory)*\s*"
    r"(?P<memory>\d{1,4})\s*(?:gib|gb|g)(?![a-z])(?!\s*(?:ram|内存|of\s+ram))(?P<each>\s*(?:each"
    r"|apiece|per\s+card|每张|每块))?"
)
_CARDS_OF = re.compile(
    r"(?<![\d.])(?P<count>\d{1,3}|[一二两三四五六七八九十]|two|three|four|eight)\s*(?:x|×|\*|张|块|卡"
    r"|片|gpus?|cards?)\s*(?:with|of|at|的|,|，|每张|每块|各)*\s*(?P<memory>\d{1,3})\s*(?:gib|gb"
    r"|g)(?![a-z])"
)

_UNLISTED_CARD = re.compile(
    r"(?:(?<![\d.])(?P<count>\d{1,3}|[一二两三四五六七八九十]|two|three|four|eight)\s*(?:x|×|\*|张|块|卡|片)?\s*)?"
    r"(?:nvidia\s+)?(?:geforce\s+)?(?:rtx|gtx|geforce|radeon|rx|arc)\s*-?\s*[ab]?\d{3,4}s?(?:\s*(?:ti|super|xtx?))*"
    r"[\s\-(（,]*(?P<memory>\d{1,3})\s*(?:gib|gb|g)(?![a-z])"
)
"""A card that the catalogue does not hold, with the memory that is said."""
_OTHER_CARD = re.compile(
    r"(?<![\d.])(?P<memory>\d{1,3})\s*(?:gib|gb|g)\s*(?:的"
    r"|显存)*\s*(?:(?P<count>[一二两三四五六七八九十]|\d{1,3})\s*(?:张|块|卡|片)"
    r"|[x×*]\s*(?P<times>\d{1,2})(?!\d))"
)

_ADDED = re.compile(r"\s*(?:,|，|、|and|plus|\+|和|加上?|以及|外加|另有|与|&)+\s*(?:and\s*)?")


_NOT_OWNED = re.compile(
    r"\b(?:rent\w*|hir(?:e|ing)|leas(?:e|ed|ing)|buy(?:ing)?|purchas(?:e|ing)|ordered|upgrad(?:e|ing)\s+to)\b"
    r"|租|(?:打算|计划|准备|想|考虑|将|要)(?:再|去)?(?:买|购|采购|换|上|升级)"
)
"""Words before GPUs that are not there: what could be rented or is planned decides nothing yet."""
_OWN_AGAIN = re.compile(r"\b(?:but|have|has|own|got)\b|但|有|只是|不过")


class _Cards(NamedTuple):
    """GPUs of one name: their memory together, and how many they are."""

    found: Finding
    number: int


class _Name(NamedTuple):
    pattern: re.Pattern[str]
    memory_gb: dict[str, int]


def find_gpus(text: str) -> Iterator[Finding]:
    """Yield the memory of all GPUs named in a plain text together, in GB, and their number where there are several."""
    named = _together(text, [one for one in _named(text) if _is_there(text, one.found)])
    if named:
        first, last = named[0].found, named[-1].found
        exact = all(one.found.exact for one in named)
        memory = first._replace(value=sum(one.found.value for one in named), end=last.end, exact=exact)
        yield from _with_number(memory, sum(one.number for one in named))
        return
    for pattern in (_UNLISTED_CARD, _CARDS_OF, _OTHER_CARD, _PLAIN_MEMORY, _MEMORY_FIRST):
        for match in pattern.finditer(text):
            if _is_not_owned(text, match.start()):
                continue
            groups = match.groupdict()
            count = _value(groups.get("count")) or _value(groups.get("times")) or 1
            memory = Finding("vram_gb", count * int(match["memory"]), match.start(), match.end(), 4)
            yield from _with_number(memory, count)
            return


def _with_number(memory: Finding, count: int) -> Iterator[Finding]:
    """Yield the memory, and over how many GPUs it is spread; a model has to fit one of them."""
    yield memory
    if count > 1:
        yield memory._replace(field="n_gpus", value=count)


def _is_there(text: str, one: Finding) -> bool:
    return not denied(text, one.start, one.end) and not _is_not_owned(text, one.start)


def _is_not_owned(text: str, start: int) -> bool:
    """Tell whether the words before a GPU, after the last that says what is there, are about renting or plans."""
    before = CLAUSE_END.split(text[max(0, start - 60) : start])[-1]
    return bool(_NOT_OWNED.search(_OWN_AGAIN.split(before)[-1]))


def _together(text: str, names: list[_Cards]) -> list[_Cards]:
    """Return the first GPU named and those added to it: "one A100 and two 3090s"; others are the same ones again."""
    kept = names[:1]
    for one in names[1:]:
        if _ADDED.fullmatch(text[kept[-1].found.end : one.found.start]):
            kept.append(one)
    return kept


def _named(text: str) -> Iterator[_Cards]:
    for match in _names().pattern.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        count, exact = _count(match), True
        if nodes := _NODES.search(before):
            count *= _value(nodes["nodes"]) or 1
        if match["many"] and match["count"] is None:
            count, exact = PER_SERVER, False
        given = match["memory"] or match["each"]
        memory = int(given) if given else _names().memory_gb[_key(match["name"])]
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        yield _Cards(Finding("vram_gb", count * memory, start, match.end(), 5, exact), count)


def _count(match: re.Match[str]) -> int:
    if match["pair"] or match["double"]:
        return 2
    return _value(match["times"]) or _value(match["count"]) or _value(match["after"]) or 1


def _value(word: str | None) -> int | None:
    if not word:
        return None
    numbers = find_numbers(f"{word}张")
    return int(numbers[0].value) if numbers else None


@cache
def _names() -> _Name:
    memory = {_key(name): _nominal(card.memory_bytes) for name, card in gpu_names().items() if _is_telling(name)}
    words = sorted({_tolerant(name) for name in gpu_names() if _is_telling(name)}, key=len, reverse=True)
    # a count must not be the last digits of something else, and a name not the first of a longer one
    return _Name(
        re.compile(rf"(?<![a-z0-9.]){_COUNT}{_MAKER}(?P<name>{'|'.join(words)})s?(?![a-z0-9]){_MEMORY}{_AFTER}"), memory
    )


def _is_telling(name: str) -> bool:
    """Tell whether a name means a GPU wherever it stands, unlike ``g5``."""
    return name not in ("g5", "g6")


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace(" ", "").removeprefix("rtx")


def _tolerant(name: str) -> str:
    return "[ -]?".join(
        re.findall(r"\d+(?:\.\d+)?[a-z]?(?![a-z])|[a-z]+\d*|\d+", name.removeprefix("rtx-").removeprefix("rtx"))
    )


def _nominal(memory_bytes: int) -> int:
    return next((size for size in NOMINAL_GB if size * GIBIBYTE >= memory_bytes), memory_bytes // GIBIBYTE)
