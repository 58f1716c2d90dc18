"""Denials: whether what a phrase says is denied by the words around it, in the same clause."""

import re

from .plain_text import CLAUSE_END

_ENGLISH_BEFORE = re.compile(
    r"(?:\b(?:no|not|nothing|never|without|neither|nor|none|lacks?|lacking|zero|isn't|aren't|cannot)\b|n't\b)"
    r"(?!\s+(?:only|just)\b)(?:\s+(?!(?:but|and|it|we|they|which|that|so|because|just|only)\b)[a-z'-]+){0,3}[\s-]*$"
)
_ENGLISH_AFTER = re.compile(
    r"^\s*(?:[a-z]+\s+)?(?:(?:is|are|was|does|do|need|needs)\s*(?:not|n't|no)\b|isn't|aren't|doesn't"
    r"|don't|not|irrelevant|optional"
    r"|is\s+irrelevant|is\s+optional|unnecessary|is\s+unnecessary)"
    r"(?:\s+[a-z]+){0,3}?(?:\s+(?:need|requir|matter|concern|issue|problem|necessary|important|care|critical)[a-z]*)?"
)
_CHINESE_BEFORE = re.compile(
    r"(?:没有|没|无需|无须|不需要|不需|不用|不必|不要求|不要|无|并非|不是"
    r"|(?<![识特区分级类性个鉴辨判差])别(?!人|的|家)"
    r"|不(?![但仅断同少论过管超到足低高大小]))[^，。；,;、]{0,4}$"
)
_CHINESE_AFTER = re.compile(
    r"^(?!都)[^，。；,;]{0,3}?(?:不需要|不用|不要求|无所谓|不重要|没有?要求|不必|不限|没有限制"
    r"|不是问题|随意|不敏感|没关系|不在乎|可有可无)"
)


_MISSED = re.compile(
    r"(?:n't|\bnot|\bnever)\s+(?:quite\s+|really\s+|always\s+)?"
    r"(?=(?:sound|read|write|talk|speak|feel|look|follow|match|stick|adhere|obey|respect|keep))"
    r"|(?<!要)(?:不太|不|没有?)(?=像|按|照|符合|遵)"
)
"""What is not met is complained about, and wanted all the same: "it does not sound like us"."""


def denied_before(text: str, start: int) -> bool:
    """Tell whether the words before a place deny what follows: "not 4,000 per class"."""
    before = CLAUSE_END.split(text[max(0, start - 60) : start])[-1]
    return bool(_ENGLISH_BEFORE.search(before) or _CHINESE_BEFORE.search(before))


def denied(text: str, start: int, end: int) -> bool:
    """Tell whether the words from ``start`` to ``end`` of a plain text are denied: "no need for citations"."""
    after = CLAUSE_END.split(text[end : end + 40])[0]
    missed = any(found.end() == start for found in _MISSED.finditer(text, max(0, start - 20)))
    return (denied_before(text, start) and not missed) or bool(_CHINESE_AFTER.match(after) or _denied_after(after))


def _denied_after(after: str) -> bool:
    found = _ENGLISH_AFTER.match(after)
    return bool(found and re.search(r"not|n't|no\b|irrelevant|optional|unnecessary", found[0]))
