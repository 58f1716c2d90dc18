"""Ask on a terminal, with questionary; without colour, and within the window's width."""

import os
import sys
from collections.abc import Callable, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

from rich.console import Console

from ..knowledge.messages import say
from .asking import Choice
from .wrapping import wrap

if TYPE_CHECKING:
    from prompt_toolkit.styles import Style
    from questionary import Question

COMMAND_KEYS = "bcefru"
"""Back, change, write the answer, name a file, show the advice, I don't know: the same in every list."""

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
        """Show a list; a key or the arrows point at an entry, Enter takes it, and ? tells what the keys do."""
        self.tell(question)
        while (answer := _list(choices, preset).unsafe_ask()) is None:
            self.tell(say("session.help"))
        return str(answer)

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


def _list(choices: Sequence[Choice], preset: str | None) -> "Question":
    """Return a list to choose from; it ends with None where help is wanted."""
    import questionary
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    keys = keys_of(choices)
    shown = questionary.select(
        "",
        choices=[
            questionary.Choice(_in_lines(one.title), value=one.value, shortcut_key=key)
            for one, key in zip(choices, keys, strict=True)
        ],
        default=preset,
        qmark=">",
        pointer=">",
        instruction=say("session.keys"),
        use_shortcuts=True,
        use_jk_keys=False,
        style=_plain(),
    )
    more = KeyBindings()
    more.add("?", eager=True)(lambda event: event.app.exit(result=None))
    shown.application.key_bindings = merge_key_bindings([shown.application.key_bindings or KeyBindings(), more])
    return shown


def keys_of(choices: Sequence[Choice]) -> list[str | None]:
    """Return the key of each entry: its own, or the next free digit or letter; None where all are taken.

    Letters that are commands in some list never point at an answer in another.
    """
    taken = {choice.key for choice in choices} | set(COMMAND_KEYS)
    free = (key for key in "1234567890" + ascii_lowercase if key not in taken)
    return [choice.key or next(free, None) for choice in choices]


def _in_lines(title: str) -> str:
    """Break a title that is wider than the window, as a list would cut it off."""
    return wrap(title, max(LEAST_COLUMNS, Console().width - 1), MARGIN, first="")


def _plain() -> "Style":
    """Return a style without any colour: all that colour would say is said by words and signs."""
    from prompt_toolkit.styles import Style

    names = ("qmark", "question", "answer", "pointer", "highlighted", "selected", "instruction", "text", "disabled")
    return Style([(name, "noinherit") for name in names])
