"""Text as it is read: full-width letters and digits made plain, in lower case, with every character in its place."""

import re
from collections.abc import Iterator

SENTENCE_END = re.compile(r"[。！？!?；;\n]+|\.(?=\s|$)")
CLAUSE_END = re.compile(r"[。！？!?；;\n，：:（）()“”—]+|[.,](?=\s|$)|,(?=[^\d\s])|(?<=\s)-+(?=\s)")

_WIDE = {ord("．"): ".", ord("％"): "%", ord("－"): "-", ord("～"): "~", ord("＋"): "+", ord("＊"): "*", ord("　"): " "}
_WIDE |= {code: chr(code - 0xFEE0) for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}
_WIDE |= {ord("’"): "'", ord("‘"): "'", ord("‑"): "-", ord("–"): "-"}


def plain_text(text: str) -> str:
    """Return a text to search in; it has the same length, so that places in it are places in the original."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text.translate(_WIDE))


def clauses(text: str, end: re.Pattern[str] = CLAUSE_END) -> Iterator[tuple[int, int]]:
    """Yield where each clause that is not empty begins and ends."""
    start = 0
    for found in end.finditer(text):
        if text[start : found.start()].strip():
            yield start, found.start()
        start = found.end()
    if text[start:].strip():
        yield start, len(text)
