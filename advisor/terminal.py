"""Ask on a terminal, with questionary; without colour, and within the window's width."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from ..knowledge.messages import say
from .asking import Choice
from .wrapping import wrap

if TYPE_CHECKING:
    from prompt_toolkit.styles import Style

MARGIN = " " * 6
"""Stands for pointer and key in the second line of an entry."""

LEAST_COLUMNS = 30
READING_COLUMNS = 80
"""The widest that running text is set: longer lines are hard to read."""


class Terminal:
    """Ask the person at this terminal; an ``Asker``."""

    def __init__(self) -> None:
        # prompt_toolkit's warning about missing cursor position reports would tear the lists apart
        os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")

    @property
    def width(self) -> int:
        """Columns that text may take."""
        return max(LEAST_COLUMNS, min(Console().width, READING_COLUMNS))

    def tell(self, text: str = "") -> None:
        """Print a paragraph, wrapped to the window; a file or a pipe gets it as it is."""
        print(wrap(text, self.width) if sys.stdout.isatty() else text, flush=True)

    def choose(self, question: str, choices: Sequence[Choice], preset: str | None = None) -> str:
        """Show a list; a key or the arrows point at an entry, Enter takes it."""
        import questionary

        entries = [
            questionary.Choice(_in_lines(choice.title), value=choice.value, shortcut_key=choice.key or True)
            for choice in choices
        ]
        self.tell(question)
        answer: str = questionary.select(
            "",
            choices=entries,
            default=preset,
            qmark=">",
            pointer=">",
            instruction=say("session.keys"),
            use_shortcuts=True,
            use_jk_keys=False,
            style=_plain(),
        ).unsafe_ask()
        return answer

    def write(self, question: str, check: Callable[[str], str | None], preset: str = "") -> str:
        """Ask for one line, again and again until it passes the check."""
        import questionary

        self.tell(question)
        while True:
            answer: str = questionary.text("", default=preset, qmark=">", style=_plain()).unsafe_ask().strip()
            problem = check(answer)
            if problem is None:
                return answer
            self.tell(problem)


def _in_lines(title: str) -> str:
    """Break a title that is wider than the window, as a list would cut it off."""
    return wrap(title, max(LEAST_COLUMNS, Console().width - 1), MARGIN, first="")


def _plain() -> "Style":
    """Return a style without any colour: all that colour would say is said by words and signs."""
    from prompt_toolkit.styles import Style

    names = ("qmark", "question", "answer", "pointer", "highlighted", "selected", "instruction", "text", "disabled")
    return Style([(name, "noinherit") for name in names])
