"""An argument parser that speaks the user's language and reports wrong words like every other wrong input."""

import argparse
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from ..knowledge.errors import UserError
from ..knowledge.messages import say

# argparse's own wordings, and ours for them.
_WORDINGS = {
    r"the following arguments are required: (?P<names>.+)": "cli.required",
    r"unrecognized arguments: (?P<words>.+)": "cli.unrecognized",
    r"argument (?P<name>.+): expected (?:one|at least one) argument": "cli.no_value",
    r"argument (?P<name>.+): invalid int value: (?P<value>.+)": "cli.no_whole_number",
    r"argument (?P<name>.+): invalid float value: (?P<value>.+)": "cli.no_number",
    r"argument (?P<name>.+): invalid choice: (?P<value>.+) \(choose from (?P<choices>.+)\)": "cli.no_choice",
    r"argument (?P<name>.+): not allowed with argument (?P<other>.+)": "cli.not_together",
    r"argument (?P<name>[^:]+): (?P<problem>.+)": "cli.wrong_value",  # what is wrong is said in our words already
}


class Parser(argparse.ArgumentParser):
    """Parse a command's words; titles, help and errors come from the messages."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - argparse passes its own to parsers of sub-commands
        super().__init__(
            **settings,
            formatter_class=_Formatter,
            add_help=False,
            allow_abbrev=False,  # a short form that works today would break when an option is added
        )
        self._positionals.title = say("cli.positionals")
        self._optionals.title = say("cli.optionals")
        self.add_argument("-h", "--help", action="help", help=say("cli.show_help"))
        # No defaults here: those of a sub-command would undo what was said before it.
        self.add_argument("--language", choices=["zh", "en"], default=argparse.SUPPRESS, help=say("cli.language_help"))
        self.add_argument("--quiet", action="store_true", default=argparse.SUPPRESS, help=say("cli.quiet_help"))

    def parse(self, words: list[str]) -> argparse.Namespace:
        """Return what the words say, with the common options filled in."""
        return self.parse_args(words, argparse.Namespace(language=None, quiet=False))

    def error(self, message: str) -> NoReturn:
        """Report words that do not fit.

        Raises:
            UserError: Always.
        """
        raise UserError(_reworded(message), f"{self.prog} --help")


class ShowVersion(argparse.Action):
    """Print the version and end; looking it up takes longer than the rest of a start, so it waits until asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print and end."""
        from importlib.metadata import version

        print(version("ftadvisor"))
        parser.exit()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, say("cli.usage") if prefix is None else prefix)


def _reworded(message: str) -> str:
    for pattern, key in _WORDINGS.items():
        found = re.fullmatch(pattern, message)
        if found:
            return say(key, **found.groupdict())
    return message
