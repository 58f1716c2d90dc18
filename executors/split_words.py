"""Join words to a text that a tokenizer reads as it was trained to, and find the token that each word begins in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..knowledge.text import is_chinese

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def joined(words: Sequence[str]) -> tuple[str, list[int]]:
    """Return the words as one text, and where in it each begins, in characters; Chinese ones are not spaced."""
    text, starts = "", []
    for before, word in zip(["", *words], words, strict=False):
        if text and not (is_chinese(before) and is_chinese(word)):
            text += " "
        starts.append(len(text))
        text += word
    return text, starts


def token_places(
    tokenizer: "PreTrainedTokenizerBase", words: Sequence[str], limit: int | None = None
) -> tuple[list[int], list[int]]:
    """Return the tokens of words, and for each word the place of the token that it begins in, or -1 for none.

    Args:
        tokenizer: One that tells where in the text its tokens stand.
        words: A row's words.
        limit: Most tokens; the end of a longer row is left out. None for all.
    """
    text, starts = joined(words)
    cut = {} if limit is None else {"truncation": True, "max_length": limit}
    found = tokenizer(text, return_offsets_mapping=True, **cut)
    spans = found["offset_mapping"]
    holding: dict[int, int] = {}
    for place, (start, end) in enumerate(spans):
        for character in range(start, end):  # several tokens of bytes may make up one character; the first one counts
            holding.setdefault(character, place)
    return found["input_ids"], [holding.get(start, -1) for start in starts]
