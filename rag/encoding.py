"""Decode bytes of unknown encoding into text."""

import codecs

from ..knowledge.messages import say
from .readers import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> str:
    """Return the text that the bytes spell.

    Raises:
        UnreadableError: The bytes are not text in any encoding that is tried.
    """
    text = _decode(content)
    sample = text[:20000]
    if sum(character < " " and character not in "\t\n\v\f\r\x1b" for character in sample) > 0.02 * len(sample):
        raise UnreadableError(say("rag.not_text"))
    return text


def _decode(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strict(content, encoding)
    if b"\0" in content:
        return _strict(content, "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(content)


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(say("rag.not_text")) from error


def _legacy(content: bytes) -> str:
    candidates = [text for encoding in ("gb18030", "big5hkscs") if (text := _attempt(content, encoding)) is not None]
    best = max(candidates, key=_plausibility, default="")
    return best if _plausibility(best) > 0.7 else content.decode("cp1252", errors="replace")


def _attempt(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _plausibility(text: str) -> float:
    """Return the share of a text's non-ASCII characters that are common Chinese, 0 to 1."""
    foreign = [character for character in text[:20000] if ord(character) > 127]
    return sum(_common(character) for character in foreign) / len(foreign) if foreign else 0.0


def _common(character: str) -> bool:
    """Say whether a character is in the everyday part of GB 2312 or Big5, or Chinese punctuation."""
    if "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e":
        return True
    simplified, traditional = character.encode("gb2312", "ignore"), character.encode("big5", "ignore")
    return 0xB0 <= (simplified or b"\0")[0] <= 0xD7 or 0xA4 <= (traditional or b"\0")[0] <= 0xC6
