"""Ask on a terminal, with questionary; without colour, and within the window's width."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from ..knowledge.messages import say
from .asking import Choice

if TYPE_CHECKING:
    from prompt_toolkit.styles import Style

MARGIN = " " * 6
"""Stands for pointer and key in the second line of an entry."""

READING_COLUMNS = 80
"""The widest that running text is set: longer lines are hard to read."""


class Terminal:
    """Ask the person at this terminal; an ``Asker``."""

    def __init__(self) -> None:
        # prompt_toolkit's warning about missing cursor position reports would tear the lists apart
        os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")

    def tell(self, text: str = "") -> None:
        """Print a paragraph, wrapped to the window, counting Chinese characters as two columns."""
        console = Console(no_color=True, highlight=False, markup=False, emoji=False)
        console.print(text, width=min(console.width, READING_COLUMNS))

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
    console = Console()
    lines = Text(title).wrap(console, max(20, console.width - len(MARGIN) - 1))
    return f"\n{MARGIN}".join(line.plain.rstrip() for line in lines)


def _plain() -> "Style":
    """Return a style without any colour: all that colour would say is said by words and signs."""
    from prompt_toolkit.styles import Style

    names = ("qmark", "question", "answer", "pointer", "highlighted", "selected", "instruction", "text", "disabled")
    return Style([(name, "noinherit") for name in names])
