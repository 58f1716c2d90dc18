"""How the session asks: one protocol, with a terminal behind it for people and a script behind it in tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Choice:
    """One entry of a list to choose from.

    Attributes:
        value: What ``choose`` returns for it.
        title: What people read; short enough for one line.
        key: The key that points at it; numbers in order where it is empty.
    """

    value: str
    title: str
    key: str = ""


class Asker(Protocol):
    """Show text and ask for one answer at a time; raises KeyboardInterrupt when the user stops."""

    @property
    def width(self) -> int:
        """Columns that text may take."""

    def tell(self, text: str = "") -> None:
        """Show a paragraph."""

    def choose(self, question: str, choices: Sequence[Choice], preset: str | None = None) -> str:
        """Let the user choose one entry; ``preset`` is the value that is pointed at first."""

    def write(self, question: str, check: Callable[[str], str | None], preset: str = "") -> str:
        """Let the user write one line; ``check`` returns what is wrong with it, or None."""
