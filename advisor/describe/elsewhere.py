"""Clauses about what others have, what one had, or what was turned down: nothing in them is the user's own."""

import re

_ELSEWHERE = re.compile(
    r"competitor|rival|another (?:team|company|lab|group)|other teams|neighbou?r|the paper"
    r"|they (?:used|trained|had)|used to (?:have|own|use|run|be)"
    r"|formerly|previously(?! (?:answered|labell?ed|sorted|written|coded|graded|handled|closed|solved|translated)\b)"
    r"|originally|decommission|no longer|ruled out|rule out|turned down|dropped"
    r"|gave up on|(?<!not )(?<!n't )(?<!never )tried|took its|took (?:the|them|it) back|promised"
    r"|next (?:year|quarter|month)"
    r"|back in the day|initially|was returned|were returned|handed back"
    r"|竞品|隔壁|同行|对手|别人|别家|友商|人家|听说|论文里|(?:以前|之前)(?![^，。；]{0,12}[过好]的)|原来(?:有|是|用|的)|原先|曾经"
    r"|当初|起初|原本|还回去|收走|退回|淘汰|报废|不再|(?<![没未])试过|(?<![没未])试了|放弃|排除|否决"
    r"|明年|下个?(?:月|季度)|承诺|答应"
)
_STILL = re.compile(r"\bnow\b|today|currently|left with|down to|现在|目前|如今|只剩|还剩|手上")
_MADE = re.compile(
    r"\b(?:we|i)\b.{0,30}?\b(?:wrote|labell?ed|annotated|collected|gathered|tagged|curated|prepared|transcribed|kept)\b"
    r"|(?:我|咱们|团队)[^，。；]{0,8}?(?:标|写|收集|整理|积累|攒|存|采集|编)(?:了|过|好|注)"
    r"|(?:以前|之前|原先|曾经|当初|起初|原本)[^，。；]{0,4}?(?:标|写|收集|整理|积累|攒|采集)(?:了|过|好|注)"
)
"""What the user made in the past is still there, unless it was lost."""
NEXT_WORDS = 12
"""Characters behind a clause in which its loss may still be told."""
_LOST = re.compile(
    r"no longer|dropped|lost|delet|turned down|ruled out|gave up|competitor|rival|they |不再|淘汰|放弃|丢|删|作废"
    r"|竞品|隔壁|同行|对手|别人|别家|友商|人家"
)
_END = re.compile(r"[。！？!?；;\n，：:]+|[.,](?=\s|$)|\bbut\b|,(?=[^\d\s])")


def without_others(text: str) -> str:
    """Return a plain text with such clauses blanked, every other character in its place."""
    kept, start = [], 0
    for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
        clause = text[start:end]
        own = _STILL.search(clause) or (_MADE.search(clause) and not _LOST.search(text[start : end + NEXT_WORDS]))
        others = _ELSEWHERE.search(clause) and not own
        kept.append(" " * len(clause) if others else clause)
        start = end
    return "".join(kept)
