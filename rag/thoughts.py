"""Tell what a reasoning model says from what it thinks aloud."""

import re

from .generators import Piece

_TAG = re.compile(r"<(?P<closes>/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_TAG_BEGINS = re.compile(r"</?[a-z]{0,9}\Z", re.IGNORECASE)
"""What may become a tag when more of the text comes."""


def spoken(text: str) -> str:
    """Return a text without thoughts.

    A thought begins with the text or with a line; tags elsewhere or in backticks are only spoken of. One that never
    ends reaches to the end of the text. One that ends without having begun, as models write whose template begins it
    for them, began with the text.
    """
    said: list[str] = []
    start, seen, thoughts = 0, 0, _Thoughts()
    for tag in _TAG.finditer(text):
        thinking = thoughts.thinking
        thoughts.read(text[seen : tag.start()])
        seen = tag.end()
        if thoughts.turn(bool(tag["closes"])):
            if not thinking and tag["closes"]:
                said.clear()
            elif not thinking:
                said.append(text[start : tag.start()])
            start = tag.end()
    return "".join(said if thoughts.thinking else [*said, text[start:]]).strip()


def thinks(text: str) -> bool:
    """Tell whether a text has thoughts in it."""
    return _TAG.search(text) is not None


class _Thoughts:
    """Follow a text from tag to tag.

    Attributes:
        thinking: Whether what comes next is a thought.
    """

    def __init__(self) -> None:
        self.thinking = False
        self._line = ""  # of the text since the last line or thought ended, enough to tell whether there is any
        self._named = False

    def read(self, text: str) -> None:
        """Take text without a tag."""
        line = (self._line + text).rpartition("\n")[2]
        self._line = ("." if line.strip() else "") + line[-1:]

    def turn(self, closes: bool) -> bool:
        """Take a tag, and tell whether it begins or ends a thought rather than being spoken of."""
        if self._line.endswith("`"):
            counts = False
        elif closes:
            counts, self._named = self.thinking or not self._named, False
        else:
            counts = self.thinking or not self._line.strip()
            self._named = not counts
        self._line = "" if counts else "<>"
        if counts:
            self.thinking = not closes
        return counts


class Speech:
    """Hand on what a model says as it comes, without its thoughts; of those that never began it cannot know.

    Args:
        piece: Is told what is said.
    """

    def __init__(self, piece: Piece) -> None:
        self._piece, self._waiting, self._thoughts = piece, "", _Thoughts()

    def hear(self, text: str) -> None:
        """Take the next part of what the model writes."""
        self._waiting += text
        while tag := _TAG.search(self._waiting):
            self._say(self._waiting[: tag.start()])
            if not self._thoughts.turn(bool(tag["closes"])) and not self._thoughts.thinking:
                self._piece(tag[0])
            self._waiting = self._waiting[tag.end() :]
        begun = _TAG_BEGINS.search(self._waiting)
        kept = begun.start() if begun else len(self._waiting)
        self._say(self._waiting[:kept])
        self._waiting = self._waiting[kept:]

    def end(self) -> None:
        """Hand on what was held back in case it became a tag."""
        self._say(self._waiting)
        self._waiting = ""

    def _say(self, text: str) -> None:
        self._thoughts.read(text)
        if text and not self._thoughts.thinking:
            self._piece(text)
