"""Help tells the truth: it works in both languages, every option is used, and README lists the commands that exist."""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import command_names, main
from ftadvisor.advisor.parser import Parser
from ftadvisor.knowledge.messages import Language, say, use_language

REPOSITORY = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROW = re.compile(r"^\| `ftadvisor(?: (?P<name>[a-z]+))?[^`]*` \| (?P<en>.+?) \| (?P<zh>.+?) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _locale_language() -> Iterator[None]:
    yield
    use_language(None)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["", *command_names()])
def test_help_works_in_both_languages(name: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*name.split(), "--language", language, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert bool(CHINESE.search(shown)) == (language == "zh")


@pytest.mark.parametrize("name", command_names())
def test_every_option_is_explained(name: str) -> None:
    silent = [parser.prog + " " + action.dest for parser, action in _options(name) if not action.help]
    assert not silent, "\n".join(silent)


@pytest.mark.parametrize("name", command_names())
def test_every_option_is_used(name: str) -> None:
    """An option that neither the advisor nor the estimator reads would promise what nothing does."""
    folders = (REPOSITORY / "advisor", REPOSITORY / "executors" / "estimate")
    code = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    idle = [action.dest for _, action in _options(name) if not re.search(rf"\.{action.dest}\b", code)]
    assert not idle, "\n".join(idle)


def test_top_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--language", "en", "--help"])
    shown = capsys.readouterr().out
    for name in command_names():
        assert re.search(rf"^  {name} +\S", shown, re.MULTILINE), name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_readme_lists_the_commands_as_help_does(language: Language) -> None:
    use_language(language)
    listed = {row["name"] or "": row[language] for row in ROW.finditer(_readme())}
    expected = {name: say(f"commands.{name}.summary") for name in command_names()}
    assert {name: text for name, text in listed.items() if name} == expected
    assert "" in listed


def test_readme_examples_are_real_commands() -> None:
    words = re.findall(r"^(?:\$ )?ftadvisor ([a-z]+)", _readme(), re.MULTILINE)
    assert set(words) <= set(command_names())


def _options(name: str) -> list[tuple[argparse.ArgumentParser, argparse.Action]]:
    parser = Parser(prog=name)
    import_module(f"ftadvisor.advisor.commands.{name}").add_arguments(parser)
    return [(one, action) for one in _parsers(parser) for action in one._actions if _is_option(action)]


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _parsers(inner)


def _is_option(action: argparse.Action) -> bool:
    return not isinstance(action, argparse._SubParsersAction | argparse._HelpAction)


def _readme() -> str:
    return (REPOSITORY / "README.md").read_text(encoding="utf-8")
