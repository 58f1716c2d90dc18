"""The command line: find the command's module by its file name, import only that one, run it."""

import os
import sys
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules

from ..knowledge.errors import RefusedError, UserError
from ..knowledge.messages import Language, say, use_language
from ..knowledge.refusal import reason_of
from . import commands
from .parser import Parser, ShowVersion

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


def command_names() -> list[str]:
    """Return the names of all commands, from the files in ``advisor/commands``."""
    return sorted(module.name for module in iter_modules(commands.__path__) if not module.name.startswith("_"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: The words after ``ftadvisor``; those of this process by default.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        use_language(_language_of(words))
        return _run(words)
    except UserError as error:
        _complain(error.message, error.hint or _help_command(words))
        return FAILED if isinstance(error, RefusedError) else WRONG_INPUT
    except BrokenPipeError:  # whoever read our output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # a full disk, a folder without permission: the system's refusal, not a defect of ours
        _complain(say("cli.refused", problem=_refusal(error)), say("cli.refused_hint"))
        return FAILED
    except KeyboardInterrupt:
        print(say("cli.interrupted"), file=sys.stderr)
        return INTERRUPTED


def _run(words: list[str]) -> int:
    place = _command_place(words)
    if place is None:
        return _run_top(words)
    name, names = words[place], command_names()
    if name not in names:
        from difflib import get_close_matches

        close = get_close_matches(name, names, n=1)
        hint = f"ftadvisor {close[0]} --help" if close else "ftadvisor --help"
        raise UserError(say("cli.unknown_command", command=name, commands=", ".join(names)), hint)
    module = import_module(f"{commands.__name__}.{name}")
    parser = Parser(prog=f"ftadvisor {name}", description=say(f"commands.{name}.summary"))
    module.add_arguments(parser)
    return int(module.run(parser.parse(words[:place] + words[place + 1 :])))


def _run_top(words: list[str]) -> int:
    listed = "\n".join(f"  {name:<12} {say(f'commands.{name}.summary')}" for name in command_names())
    parser = Parser(prog="ftadvisor", description=say("cli.description"), epilog=say("cli.commands", commands=listed))
    parser.add_argument("--version", action=ShowVersion, nargs=0, help=say("cli.version_help"))
    parser.add_argument("command", nargs="?", help=say("cli.command_help"))
    chosen = parser.parse(words)
    return int(import_module(f"{commands.__name__}._session").run(chosen))


def _command_place(words: list[str]) -> int | None:
    """Return where the command stands: the first word that is no option and no option's value."""
    for place, word in enumerate(words):
        if not word.startswith("-") and words[:place][-1:] != ["--language"]:
            return place
    return None


def _language_of(words: list[str]) -> Language | None:
    """Return the language that is asked for last; the command's own parser reports one that there is not."""
    chosen: Language | None = None
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        named = value if equals else following
        if name == "--language" and named in ("zh", "en"):
            chosen = "zh" if named == "zh" else "en"
    return chosen


def _complain(message: str, hint: str) -> None:
    print(say("cli.error", message=message), file=sys.stderr)
    print(say("cli.hint", hint=hint), file=sys.stderr)


def _help_command(words: list[str]) -> str:
    place = _command_place(words)
    name = "" if place is None else words[place]
    return f"ftadvisor {name} --help" if name in command_names() else "ftadvisor --help"


def _refusal(error: OSError) -> str:
    problem = reason_of(error)
    return f"{error.filename}: {problem}" if error.filename else problem
