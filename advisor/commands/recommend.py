"""``ftadvisor recommend``: which way to go for one profile or for a file of them, and why."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..answers import change, profile_from
from ..batch import read_lines
from ..cli import DONE, WRONG_INPUT
from ..described import add_description, read_described
from ..outlook import outlook
from ..output import print_json, print_note
from ..profile import FIELDS, Profile
from ..profile_file import PROFILE, read_answers
from ..prospects import prospects_of
from ..recommend import recommend
from ..recommendation import Recommendation
from ..recommendation_view import print_recommendation, problem_lines
from ..trace_view import trace_json, trace_lines
from ..whatif import situation_of
from ..wrapping import wrap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_description(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--profile", type=Path, metavar="FILE", help=say("advice.help.profile"))
    source.add_argument("--profiles", type=Path, metavar="FILE.jsonl", help=say("advice.help.profiles"))
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help=say("advice.help.set"))
    parser.add_argument("--brief", action="store_true", help=say("advice.help.brief"))
    parser.add_argument("--trace", action="store_true", help=say("advice.help.trace"))
    parser.add_argument("--json", action="store_true", help=say("advice.help.json"))
    parser.add_argument("--html", type=Path, metavar="FILE", help=say("advice.help.html"))
    parser.epilog = say("advice.help.fields", fields=", ".join(FIELDS))


def run(arguments: argparse.Namespace) -> int:
    """Print the recommendation for one profile, or one line for each of a file."""
    if arguments.profiles is not None:
        if arguments.describe is not None:
            raise UserError(say("describe.with_profiles"), say("describe.with_profiles_hint"))
        if arguments.html is not None:
            raise UserError(say("advice.html_of_many"), "ftadvisor recommend --profile FILE --html record.html")
        return _run_batch(arguments)
    if arguments.describe is not None:
        return _run_described(arguments)
    if arguments.profile is None and not arguments.set:
        raise UserError(say("advice.no_profile"), "ftadvisor")
    return _show(read_answers(arguments.profile, arguments.set), arguments)


def _show(profile: Profile, arguments: argparse.Namespace, more: Mapping[str, Any] = MappingProxyType({})) -> int:
    """Print the recommendation for one profile; ``more`` goes into its JSON form."""
    found = _with_own_command(recommend(profile, arguments.brief), profile, arguments)
    prospects = prospects_of(profile)
    if not arguments.brief and (field := prospects.best_question()):
        found = found.model_copy(update={"ask_next": field})  # the field that the outlook names
    situation = situation_of(profile)
    console = Console(highlight=False)
    for line in problem_lines(found.problems, console.width):
        print_note(line)
    if arguments.html is not None:
        _write_page(arguments.html, profile, found)
    if arguments.json:
        trace = {"trace": trace_json(situation.verdicts)} if arguments.trace else {}
        print_json(found.to_json() | {"prospects": prospects.shares()} | dict(more) | trace)
        return DONE
    print_recommendation(found, console)
    if not arguments.brief:
        print(f"\n{wrap(outlook(prospects), console.width - 1, '  ')}")
    if arguments.trace:
        print("\n".join(trace_lines(situation.verdicts, situation.facts, console.width)))
    return DONE


def _write_page(path: Path, profile: Profile, found: Recommendation) -> None:
    from ..record_page import write_record  # what it needs is of no use to those who only read the answer

    write_record(path, profile, found, date.today())
    print_note(say("advice.html_written", path=path))


def _run_described(arguments: argparse.Namespace) -> int:
    """Read a description; at a terminal go on with questions, else recommend and list what else could be answered."""
    from ..describe.view import question_lines, understood_json, understood_lines

    understood, profile = read_described(arguments)
    width = Console().width - 1
    if not arguments.json:
        print("\n".join(understood_lines(understood, width)) + "\n", flush=True)
        only_shown = arguments.brief or arguments.trace or arguments.html is not None
        if sys.stdin.isatty() and sys.stdout.isatty() and not only_shown:
            from ._session import go_on_with

            return go_on_with(profile, arguments.quiet)
    code = _show(profile, arguments, {"understood": understood_json(understood)})
    if not arguments.json:
        print("\n".join(question_lines(profile, width)))
    return code


def _with_own_command(found: Recommendation, profile: Profile, arguments: argparse.Namespace) -> Recommendation:
    """Let the next command name the answers that were given here."""
    step = found.next_step
    given = [word for answer in arguments.set for word in ("--set", answer)]
    if arguments.profile is not None:
        given = ["--profile", str(arguments.profile), *given]
    if arguments.describe is not None:  # its wording counts, too, so that the answers alone would not do
        reader = {"--describe-endpoint": arguments.describe_endpoint, "--describe-model": arguments.describe_model}
        named = [word for option, value in reader.items() if value for word in (option, value)]
        given = ["--describe", arguments.describe, *named, *given]
    command = step.command.replace(f"--profile {PROFILE}", shlex.join(given))
    return found.model_copy(update={"next_step": step.model_copy(update={"command": command})})


def _run_batch(arguments: argparse.Namespace) -> int:
    code = DONE
    for number, answer in _answers(arguments):
        if "error" in answer:
            code = WRONG_INPUT
        if arguments.json:
            print(json.dumps(answer, ensure_ascii=False))
        elif "error" in answer:
            print(say("advice.line", line=answer["line"], problem=answer["error"]))
            print(f"  {answer['hint']}")
        else:
            name = answer["id"] or say("advice.line_number", line=number)
            print(f"{name!s:<32} {answer['label']:<26} {answer['certainty']}")
    return code


def _answers(arguments: argparse.Namespace) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each line's number with its recommendation, or with what is wrong with it."""
    for number, line in read_lines(arguments.profiles):
        if isinstance(line, str):
            yield number, {"line": number, "error": line, "hint": say("advice.line_hint")}
        else:
            yield number, recommend(change(profile_from(line), arguments.set), arguments.brief).to_json()
