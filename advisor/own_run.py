"""Run single steps by a command: write them as a plan, execute it in a run folder, and return what came out."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from ..executors.events import read_events
from ..executors.kept_answers import any_answer
from ..executors.plan import ModelSource, Plan
from ..executors.plan_file import write_plan
from ..executors.prompt import Prompt
from ..executors.run_folder import RunFolder
from ..executors.step import StepOptions, parse_step
from ..knowledge.builtin import BUILTIN
from ..knowledge.errors import RefusedError, UserError
from ..knowledge.messages import current_language, say
from ..knowledge.problems import problems_of
from ..rag.endpoint import is_endpoint
from ..rag.refused import MisnamedError
from .output import print_json, print_note
from .running import make_runs, new_run, run_shown

RUNS = Path("runs")
SEED = 17
LANGUAGE_MODEL = "causal_lm"


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that all commands share which run steps."""
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help=say("own.set_help"))
    parser.add_argument("--instruction", default="", metavar="TEXT", help=say("own.instruction_help"))
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help=say("own.seed_help"))
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=say("run.runs_help"))
    parser.add_argument("--json", action="store_true", help=say("run.json_help"))


def step_of(kind: str, **options: Any) -> StepOptions:  # noqa: ANN401 - each step its own options
    """Return a step.

    Raises:
        UserError: Options are wrong; names all of them.
    """
    try:
        return parse_step({"kind": kind, **options})
    except ValidationError as error:
        problems = "\n".join(f"  {problem.said()}" for problem in problems_of(error))
        hint = say("own.options_hint", kind=kind)
        raise UserError(say("own.wrong_options", kind=kind, problems=problems), hint) from None


def absolute(path: Path | str | None) -> str | None:
    """Return a file's whole path, as the plan lies elsewhere; what is bundled or an address keeps its name.

    Raises:
        UserError: It does not exist.
    """
    if path is None or str(path).startswith(BUILTIN) or is_endpoint(str(path)):
        return None if path is None else str(path)
    if not Path(path).exists():
        raise UserError(say("problems.no_file", path=path), say("problems.no_file_hint"))
    return str(Path(path).resolve())


def model_of(source: str) -> str:
    """Return a model's source; a folder with its whole path."""
    return str(Path(source).resolve()) if (Path(source) / "config.json").is_file() else source


def run_steps(
    arguments: argparse.Namespace,
    title: str,
    label: str,
    model: Mapping[str, Any],
    prompt: Prompt,
    steps: Sequence[StepOptions],
    agreed: bool = False,
    instead: Callable[[Mapping[str, Any]], str] | None = None,
) -> tuple[RunFolder, int]:
    """Execute steps in a new run, in front of a person, and return the run and the exit code.

    Args:
        arguments: What ``add_run_arguments`` added, and ``quiet``.
        title: Of the run.
        label: What the plan is about, as a recommendation names it.
        model: Source and, where it matters, quantisation of the model.
        prompt: How questions are put.
        steps: In order.
        agreed: Whether the user agrees that what endpoints are asked leaves the machine.
        instead: Returns the command with some options of the step changed.

    Raises:
        UserError: Input of a step is wrong. Where that was found before anything was done, no run is left, and the
            command that would do is named if one is known.
    """
    make_runs(arguments.runs)
    plan = Plan(
        title=title,
        language=current_language(),
        label=label,
        seed=arguments.seed,
        knowledge=version("ftadvisor"),
        model=ModelSource.model_validate(model),
        prompt=prompt,
        steps=tuple(steps),
    )
    with TemporaryDirectory(prefix=".new-", dir=arguments.runs.resolve()) as draft:
        path = Path(draft) / "plan.yaml"
        write_plan(plan, path, {})
        folder = new_run(path, arguments.runs, agreed)
    if not arguments.quiet:
        print_note(say("run.folder", path=folder.path))
    try:
        return folder, run_shown(folder, arguments.quiet)
    except UserError as error:
        found = error.__cause__
        if not isinstance(found, UserError) or _may_be_mended(found) or _has_begun(folder):
            raise
        rmtree(folder.path)
        hints = [found.hint]
        if found.change and instead:
            hints.append(say("own.instead", command=instead(found.change)))
        kind = RefusedError if isinstance(found, RefusedError) else UserError
        raise kind(found.message, "\n".join(filter(None, hints))) from error


def _may_be_mended(found: UserError) -> bool:
    """Tell whether the same may be asked again: of whoever refused, and not where it was likely not who was meant."""
    return isinstance(found, RefusedError) and not isinstance(found, MisnamedError)


def _has_begun(folder: RunFolder) -> bool:
    """Tell whether more was done than to look at what was given."""
    told = any(event["event"] not in {"step_started", "step_failed"} for event in read_events(folder.events_file))
    return told or any_answer(folder.path / "checkpoints")  # which may have been paid for


def results_of(folder: RunFolder, kind: str) -> list[dict[str, Any]]:
    """Return what the finished steps of a kind returned."""
    return [dict(record["result"]) for record in folder.finished_steps() if record["kind"] == kind]  # type: ignore[arg-type]


def print_run(folder: RunFolder, **found: object) -> None:
    """Print a run as JSON with what the command found."""
    status = folder.status().model_dump(mode="json")
    print_json({"run": str(folder.path), "status": status, **found, "reports": [str(one) for one in folder.reports()]})
