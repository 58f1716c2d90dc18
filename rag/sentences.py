"""Find where sentences end, in Chinese and in scripts with spaces."""

import re
from collections.abc import Iterator

_CLOSING = "”’」』）)】》〉\"'"
_END = re.compile(rf"(?:[。！？；…]+[{_CLOSING}]*|(?<=[^\x00-\x7f])[!?]+[{_CLOSING}]*|[.!?]+[{_CLOSING}]*(?=\s)|\n)\s*")


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the sentences in ``text[start:end]``, each with its mark, closing quotes and space."""
    begin = start
    for mark in _END.finditer(text, start, end):
        yield begin, mark.end()
        begin = mark.end()
    if begin < end:
        yield begin, end
