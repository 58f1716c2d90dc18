"""``ftadvisor run``: execute a plan, or continue a run that was interrupted."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from ...executors.endpoint_use import check_endpoints
from ...executors.plan_file import read_plan
from ...executors.run_folder import RunFolder, open_run
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..cli import DONE
from ..consent import agree_to_send
from ..output import print_json, print_note
from ..own_run import results_of
from ..running import new_run, run_shown
from ..tuned_plan import with_tuned

RUNS = Path("runs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("plan", nargs="?", type=Path, help=say("run.plan_help"))
    parser.add_argument("--resume", type=Path, metavar="RUN", help=say("run.resume_help"))
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=say("run.runs_help"))
    parser.add_argument("--tuned", metavar="ENDPOINT", help=say("served.tuned_help"))
    parser.add_argument("--yes", action="store_true", help=say("served.yes_help"))
    parser.add_argument("--json", action="store_true", help=say("run.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Execute or resume; return 0 when all steps are done, 1 when one failed."""
    folder = _folder(arguments)
    if not arguments.quiet:
        print_note(say("run.folder", path=folder.path))
    code = run_shown(folder, arguments.quiet, arguments.plan if arguments.resume else None)
    if arguments.json:
        print_json(_document(folder))
    elif code == DONE:
        print("\n".join(_outcome(folder)))
    return code


def _folder(arguments: argparse.Namespace) -> RunFolder:
    if arguments.plan is None and arguments.resume is None:
        raise UserError(say("run.nothing"), say("run.nothing_hint"))
    if arguments.resume is not None and arguments.tuned is not None:
        raise UserError(say("served.tuned_new"), "ftadvisor run --help")
    if arguments.resume is not None:
        folder = open_run(arguments.resume)
        if arguments.plan is not None:  # which may name another endpoint than the one that was agreed to
            plan = read_plan(arguments.plan)
            check_endpoints(plan)
            agree_to_send(plan, arguments.plan.parent, arguments.yes)
        return folder
    if arguments.tuned is not None:
        changed = with_tuned(read_plan(arguments.plan), arguments.tuned)
        return new_run(arguments.plan, arguments.runs, arguments.yes, changed)
    return new_run(arguments.plan, arguments.runs, arguments.yes)


def _document(folder: RunFolder) -> dict[str, object]:
    return {
        "run": str(folder.path),
        "status": folder.status().model_dump(mode="json"),
        "steps": folder.finished_steps(),
        "reports": [str(path) for path in folder.reports()],
    }


def _outcome(folder: RunFolder) -> list[str]:
    reports = (say("run.report", path=path) for path in folder.reports())
    return [say("run.done", path=folder.path), *_answer_notes(folder), *reports]


def _answer_notes(folder: RunFolder) -> Iterator[str]:
    from ...executors.report.record import Evaluation
    from ...executors.report.wording import answer_notes

    for result in results_of(folder, "evaluate"):
        yield from answer_notes(Evaluation.model_validate(result))
