"""Text that a knowledge file carries in both languages."""

from .frozen import Frozen
from .messages import current_language


class Text(Frozen):
    """Hold one piece of text in Chinese and in English; ``str()`` gives the current language's."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if current_language() == "zh" else self.en


def is_chinese(text: str) -> bool:
    """Tell whether a text has Chinese characters; words of other scripts may stand among them."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)
