"""``ftadvisor demo``: the whole way on bundled data, without a network: a returns assistant for an online shop."""

import argparse
from pathlib import Path

from rich.console import Console

from ...executors.arms import main_arm
from ...executors.report.record import Evaluation
from ...executors.run_folder import RunFolder
from ...knowledge.builtin import builtin_path
from ...knowledge.messages import say
from ..cli import DONE
from ..comparison_view import print_arms
from ..files import Files
from ..output import print_json
from ..plan_output import write_draft
from ..planning import make_plan
from ..profile_file import read_profile
from ..recommend import recommend
from ..recommendation import Recommendation
from ..recommendation_view import print_recommendation
from ..running import make_runs, new_run, run_shown
from .run import RUNS

PROFILE = "builtin:returns/profile.yaml"
MODEL = "builtin:tiny"
FILES = Files(
    documents=("builtin:returns/policies",),
    train="builtin:returns/dialogues.train.jsonl",
    validation="builtin:returns/dialogues.validation.jsonl",
    test="builtin:returns/dialogues.test.jsonl",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=say("run.runs_help"))
    parser.add_argument("--json", action="store_true", help=say("demo.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Decide, plan, run and compare; return 0 when all steps are done, 1 when one failed."""
    console = Console(stderr=arguments.json, highlight=False, markup=False)
    make_runs(arguments.runs)
    recommendation = _decide(console)
    plan_path = _plan(recommendation, arguments.runs)
    console.print(say("demo.planned", path=plan_path), soft_wrap=True)
    folder = new_run(plan_path, arguments.runs)
    console.print(say("run.folder", path=folder.path), soft_wrap=True)
    code = run_shown(folder, arguments.quiet)
    if code == DONE:
        _show(folder, recommendation, console)
    if arguments.json:
        print_json(_document(folder, recommendation, plan_path))
    return code


def _decide(console: Console) -> Recommendation:
    path = builtin_path(PROFILE)
    console.print(say("demo.profile", path=path), soft_wrap=True)
    recommendation = recommend(read_profile(path))
    print_recommendation(recommendation, console)
    return recommendation


def _plan(recommendation: Recommendation, runs: Path) -> Path:
    """Write the plan beside the runs; it is the same at each demonstration, so it may be overwritten."""
    path = runs / "demo.plan.yaml"
    profile = read_profile(builtin_path(PROFILE))
    draft = make_plan(profile, recommendation, files=FILES, folder=runs, model=MODEL, name=path.name)
    write_draft(draft, path, force=True)
    return path


def _show(folder: RunFolder, recommendation: Recommendation, console: Console) -> None:
    evaluation = _evaluation(folder)
    arm = main_arm(recommendation.label, list(evaluation.arms)) if evaluation else None
    if evaluation is not None and arm is not None:
        console.print()
        print_arms(evaluation, arm, console, say("demo.table", rows=evaluation.rows))
    for report in folder.reports():
        console.print(say("run.report", path=report), soft_wrap=True)


def _evaluation(folder: RunFolder) -> Evaluation | None:
    results = [record["result"] for record in folder.finished_steps() if record["kind"] == "evaluate"]
    return Evaluation.model_validate(results[-1]) if results else None


def _document(folder: RunFolder, recommendation: Recommendation, plan_path: Path) -> dict[str, object]:
    evaluation = _evaluation(folder)
    return {
        "recommendation": recommendation.to_json(),
        "plan": str(plan_path),
        "run": str(folder.path),
        "status": folder.status().model_dump(mode="json"),
        "evaluation": evaluation and evaluation.model_dump(mode="json"),
        "reports": [str(path) for path in folder.reports()],
    }
