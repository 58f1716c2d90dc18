"""Tell what a reasoning model says from what it thinks aloud."""

import re

from . import Piece

_TAG = re.compile(r"<(?P<closes>/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_TAG_BEGINS = re.compile(r"</?[a-z]{0,9}\Z", re.IGNORECASE)
"""What may become a tag when more of the text comes."""


def spoken(text: str) -> str:
    """Return a text without thoughts.

    A thought that never ends reaches to the end of the text. One that ends without having begun, as models write whose
    template begins it for them, began with the text.
    """
    said: list[str] = []
    start, thinking = 0, False
    for tag in _TAG.finditer(text):
        if tag["closes"]:
            if not thinking:
                said.clear()
            start, thinking = tag.end(), False
        elif not thinking:
            said.append(text[start : tag.start()])
            thinking = True
    return "".join(said if thinking else [*said, text[start:]]).strip()


def thinks(text: str) -> bool:
    """Tell whether a text has thoughts in it."""
    return _TAG.search(text) is not None


class Speech:
    """Hand on what a model says as it comes, without its thoughts; of those that never began it cannot know.

    Args:
        piece: Is told what is said.
    """

    def __init__(self, piece: Piece) -> None:
        self._piece, self._waiting, self._thinking = piece, "", False

    def hear(self, text: str) -> None:
        """Take the next part of what the model writes."""
        self._waiting += text
        while tag := _TAG.search(self._waiting):
            self._say(self._waiting[: tag.start()])
            self._waiting, self._thinking = self._waiting[tag.end() :], not tag["closes"]
        begun = _TAG_BEGINS.search(self._waiting)
        kept = begun.start() if begun else len(self._waiting)
        self._say(self._waiting[:kept])
        self._waiting = self._waiting[kept:]

    def end(self) -> None:
        """Hand on what was held back in case it became a tag."""
        self._say(self._waiting)
        self._waiting = ""

    def _say(self, text: str) -> None:
        if text and not self._thinking:
            self._piece(text)
