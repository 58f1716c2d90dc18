"""``ftadvisor runs``: all runs, how far each is, and the command that continues it."""

import argparse
from pathlib import Path

from ...executors.run import resume_command, resume_hint
from ...executors.run_folder import RunFolder, Status, all_runs
from ...knowledge.messages import say
from ..cli import DONE
from ..output import print_json
from .run import RUNS

COLUMNS = ("name", "state", "progress", "updated")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=say("run.runs_help"))
    parser.add_argument("--json", action="store_true", help=say("run.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Print the runs, the oldest first."""
    found = [(folder, folder.status()) for folder in all_runs(arguments.runs)]
    if arguments.json:
        print_json([_document(folder, status) for folder, status in found])
    elif found:
        _print_table(found)
        # below the table, as a command that a column folds cannot be copied
        print("".join(f"\n{resume_hint(folder)}" for folder, status in found if _can_go_on(status)))
    else:
        print(say("run.list.none", path=arguments.runs))
    return DONE


def _can_go_on(status: Status) -> bool:
    return status.state in ("interrupted", "failed")


def _document(folder: RunFolder, status: Status) -> dict[str, object]:
    resume = resume_command(folder) if _can_go_on(status) else None
    return {"run": str(folder.path), **status.model_dump(mode="json"), "resume": resume}


def _print_table(found: list[tuple[RunFolder, Status]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(say(f"run.list.{column}") for column in COLUMNS), box=None, pad_edge=False)
    for folder, status in found:
        done = f"{status.step - 1}/{status.steps}"
        updated = f"{status.updated.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(Text(str(folder.path)), say(f"run.state.{status.state}"), done, updated)
    Console().print(table)
