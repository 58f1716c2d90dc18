"""``ftadvisor pilot``: prompting, RAG, fine-tuning and both on the user's own held-out rows, small enough to decide."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

from rich.console import Console

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.endpoint import is_endpoint, parse_endpoint
from ..cli import DONE
from ..files import Files
from ..own_run import RUNS, SEED, absolute, model_of, print_run, results_of
from ..running import make_runs, new_run, run_shown

LEARNT, MEASURED = 200, 100
"""Rows: enough to see a difference of about a tenth, few enough for an afternoon on one GPU."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--train", required=True, type=Path, metavar="FILE", help=say("planning.train_help"))
    parser.add_argument("--test", required=True, type=Path, metavar="FILE", help=say("planning.test_help"))
    parser.add_argument("--validation", type=Path, metavar="FILE", help=say("planning.validation_help"))
    parser.add_argument(
        "--documents", nargs="+", type=Path, default=[], metavar="PATH", help=say("planning.documents_help")
    )
    parser.add_argument("--model", required=True, metavar="MODEL", help=say("own.model_help"))
    parser.add_argument("--method", default="lora", metavar="METHOD", help=say("own.method_help"))
    parser.add_argument("--train-rows", type=int, default=LEARNT, metavar="N", help=say("own.train_rows_help"))
    parser.add_argument("--test-rows", type=int, default=MEASURED, metavar="N", help=say("own.test_rows_help"))
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=say("own.seed_help"))
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=say("run.runs_help"))
    parser.add_argument("--json", action="store_true", help=say("run.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Draw rows, compare the ways to answer, and say what the difference is; return 0, or 1 on failure."""
    _refuse_endpoint(arguments)
    make_runs(arguments.runs)
    folder = arguments.runs.resolve() / f"pilot-{_name(arguments)}"
    there = folder.exists()
    try:
        run_folder = new_run(_plan(arguments, folder), arguments.runs)
    except UserError:
        if not there:  # rows that were copied for nothing
            rmtree(folder, ignore_errors=True)
        raise
    code = run_shown(run_folder, arguments.quiet)
    if arguments.json:
        print_run(run_folder, evaluation=next(iter(results_of(run_folder, "evaluate")), None))
    elif code == DONE:
        _show(run_folder, bool(arguments.documents))
    return code


def _refuse_endpoint(arguments: argparse.Namespace) -> None:
    """Refuse to train a model behind an endpoint, with the command of the plan that can be made for it.

    Raises:
        UserError: It is one; or rows to learn from are wrong.
    """
    from ..pilot_rows import pilot_rows

    model = str(arguments.model)
    if not is_endpoint(model):
        return
    parse_endpoint(model)
    files = {name: getattr(arguments, name) for name in ("train", "validation", "test")}
    named = [word for name, path in files.items() if path for word in (f"--{name}", str(path))]
    documents = ["--documents", *map(str, arguments.documents)] if arguments.documents else []
    label = ["--label", f"{_path(arguments)}:api"]
    task = f"task_type={pilot_rows(arguments.train).task}"
    hint = shlex.join(["ftadvisor", "plan", "--set", task, *label, *named, *documents, "--model", model])
    raise UserError(say("planning.served", label=f"{_path(arguments)}:{arguments.method}", model=model), hint)


def _path(arguments: argparse.Namespace) -> str:
    return "rag+finetune" if arguments.documents else "finetune"


def _name(arguments: argparse.Namespace) -> str:
    """Return a name that the same wish always has, so that the rows drawn for it may be overwritten."""
    from hashlib import sha256

    told = [str(value) for _, value in sorted(vars(arguments).items()) if not callable(value)]
    return sha256(json.dumps(told).encode()).hexdigest()[:8]


def _plan(arguments: argparse.Namespace, folder: Path) -> Path:
    """Write the drawn rows and a plan that compares everything which the files allow."""
    from ...knowledge.durable import write_bytes
    from ..pilot_rows import as_lines, drawn, pilot_rows
    from ..plan_output import write_draft
    from ..planning import make_plan
    from ..profile import Profile
    from ..recommend import recommend

    label = f"{_path(arguments)}:{arguments.method}"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"train": arguments.train_rows, "test": arguments.test_rows, "validation": sys.maxsize}
    read = {name: pilot_rows(path) for name in wanted if (path := getattr(arguments, name)) is not None}
    for name, found in read.items():
        write_bytes(folder / f"{name}.jsonl", as_lines(drawn(found.rows, wanted[name], arguments.seed)))
    documents = tuple(str(absolute(path)) for path in arguments.documents)
    files = Files(documents=documents, **{name: f"{name}.jsonl" for name in read})
    profile = Profile.model_validate({"task_type": read["train"].task})
    recommendation = recommend(profile).model_copy(update={"label": label, "reasons": (), "base": "llm<=8b"})
    model = model_of(arguments.model)
    draft = make_plan(profile, recommendation, files=files, folder=folder, model=model, seed=arguments.seed)
    write_draft(draft, folder / "plan.yaml", force=True)
    return folder / "plan.yaml"


def _show(folder: Any, documents: bool) -> None:  # noqa: ANN401 - a run's folder
    from ...executors.arms import main_arm
    from ...executors.report.record import Evaluation
    from ...executors.report.wording import answer_notes
    from ..comparison_view import print_arms

    for result in results_of(folder, "evaluate"):
        evaluation = Evaluation.model_validate(result)
        arm = main_arm("rag+finetune" if documents else "finetune", list(evaluation.arms))
        if arm is not None:
            print_arms(evaluation, arm, Console(highlight=False, markup=False))
        for note in answer_notes(evaluation):
            print(note)
    report = folder.path / "report.json"
    if report.is_file():
        print("\n".join(f"- {text}" for text in json.loads(report.read_bytes())["next"]))
    for path in folder.reports():
        print(say("run.report", path=path))
