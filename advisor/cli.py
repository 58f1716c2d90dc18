"""The command line: find the command's module by its file name, import only that one, run it."""

import argparse
import sys
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules

from ..knowledge.errors import UserError
from ..knowledge.messages import Language, say, use_language
from . import commands

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
    use_language(_language_of(words))
    try:
        return _run(words)
    except UserError as error:
        print(say("cli.error", message=error.message), file=sys.stderr)
        if error.hint:
            print(say("cli.hint", hint=error.hint), file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print(say("cli.interrupted"), file=sys.stderr)
        return INTERRUPTED


def _run(words: list[str]) -> int:
    names = command_names()
    if words and words[0] in names:
        module = import_module(f"{commands.__name__}.{words[0]}")
        parser = argparse.ArgumentParser(prog=f"ftadvisor {words[0]}", description=say(f"commands.{words[0]}.summary"))
        add_common(parser)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(words[1:])))
    return _run_top(words, names)


def _run_top(words: list[str], names: list[str]) -> int:
    summaries = "\n".join(f"  {name:<12} {say(f'commands.{name}.summary')}" for name in names)
    parser = argparse.ArgumentParser(
        prog="ftadvisor",
        description=say("cli.description"),
        epilog=say("cli.commands", commands=summaries),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version("ftadvisor"))
    parser.add_argument("command", nargs="?", help=say("cli.command_help"))
    add_common(parser)
    chosen = parser.parse_args(words)
    if chosen.command is not None:
        raise UserError(say("cli.unknown_command", command=chosen.command, commands=", ".join(names)), say("cli.help_hint"))
    return int(import_module(f"{commands.__name__}._session").run(chosen))


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    parser.add_argument("--language", choices=["zh", "en"], help=say("cli.language_help"))
    parser.add_argument("--quiet", action="store_true", help=say("cli.quiet_help"))


def _language_of(words: list[str]) -> Language | None:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--language", choices=["zh", "en"])
    try:
        language: Language | None = parser.parse_known_args(words)[0].language
    except argparse.ArgumentError:  # the command's own parser reports it
        return None
    return language
