"""``ftadvisor evaluate``: measure a model, an adapter or an index on held-out rows, without a plan written first."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.endpoint import KEY, is_endpoint
from ..cli import DONE
from ..files import Files
from ..own_run import (
    LANGUAGE_MODEL,
    absolute,
    add_run_arguments,
    model_of,
    print_run,
    results_of,
    run_steps,
    step_of,
)
from ..set_options import options_of

ABOUT = "ftadvisor.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", type=Path, metavar="ROWS", help=say("own.test_help"))
    parser.add_argument("--model", metavar="MODEL", help=say("served.model_help", variable=KEY))
    parser.add_argument("--adapter", type=_tuned, metavar="DIR|ENDPOINT", help=say("served.adapter_help"))
    parser.add_argument("--index", type=Path, metavar="INDEX", help=say("own.index_help"))
    parser.add_argument("--yes", action="store_true", help=say("served.yes_help"))
    add_run_arguments(parser)


def _tuned(name: str) -> Path | str:
    return name if is_endpoint(name) else Path(name)


def run(arguments: argparse.Namespace) -> int:
    """Measure and show the comparison; return 0, or 1 on failure."""
    from ...executors.prompt import Prompt

    adapter = arguments.adapter if isinstance(arguments.adapter, Path) else None
    about = _about(adapter)
    prompt, trained_on = _plan_of(adapter)
    if arguments.instruction or prompt is None:
        prompt = Prompt(instruction=arguments.instruction) if arguments.instruction else _own_prompt(arguments)
    model = {"source": model_of(arguments.model)} if arguments.model else trained_on or about.get("model")
    if model is None:
        raise UserError(say("own.no_model"), "ftadvisor evaluate --help")
    options = {"test": absolute(arguments.rows)}
    if (task := about.get("task", LANGUAGE_MODEL)) != LANGUAGE_MODEL:
        options |= {"task": task, "adapter": absolute(arguments.adapter)}
        step = step_of("measure", **options | options_of(arguments.set, "measure"))
    else:
        step = step_of(
            "evaluate", **_compared(arguments, bool(prompt.instruction)) | options_of(arguments.set, "evaluate")
        )
    label = "finetune" if arguments.adapter else "rag" if arguments.index else "prompting"
    steps = [step, step_of("report")]
    folder, code = run_steps(arguments, f"evaluate {label}", label, model, prompt, steps, arguments.yes)
    if arguments.json:
        print_run(folder, evaluation=next(iter(results_of(folder, step.kind)), None))
    elif code == DONE:
        _show(folder, label, step.kind)
    return code


def _own_prompt(arguments: argparse.Namespace) -> Any:  # noqa: ANN401 - a prompt
    """Return the prompt where nobody gives one: for texts with classes the request to classify, else an empty one.

    An adapter in files may have been trained without one; a tuned model behind an endpoint is asked like its base.
    """
    from ...executors.prompt import Prompt
    from ..answer_schema import choices_of
    from ..plan_data import make_prompt, read_data

    if isinstance(arguments.adapter, Path) or not arguments.rows.is_file():
        return Prompt()
    files = Files(train=options_of(arguments.set, "evaluate").get("train"), test=absolute(arguments.rows))
    data = read_data(files, Path.cwd(), labelled=True)
    if not data.classes:
        return Prompt()
    return make_prompt(data, 0, "classification", passages=arguments.index is not None, choices=choices_of(data))


def _compared(arguments: argparse.Namespace, instructed: bool) -> dict[str, Any]:
    """Return the options of a comparison of all ways to answer that the given parts allow."""
    arms = ["base", *(["prompting"] if instructed else []), *(["rag"] if arguments.index else [])]
    arms += ["finetuned"] if arguments.adapter else []
    return {
        "test": absolute(arguments.rows),
        "arms": arms,
        "index": absolute(arguments.index),
        "finetuned": absolute(arguments.adapter),
    }


def _about(adapter: Path | None) -> dict[str, Any]:
    """Return what training wrote beside an adapter.

    Raises:
        UserError: It is not one of ftadvisor's.
    """
    if adapter is None:
        return {}
    try:
        found: dict[str, Any] = json.loads((adapter / ABOUT).read_bytes())
    except (OSError, ValueError):
        if (adapter / "classes.json").is_file():
            raise UserError(say("own.is_classifier", path=adapter), say("own.is_classifier_hint")) from None
        raise UserError(say("own.no_adapter", path=adapter), say("own.no_adapter_hint")) from None
    return found


def _plan_of(adapter: Path | None) -> tuple[Any, dict[str, Any] | None]:
    """Return the prompt and the model of the run that made an adapter, where it still lies in it."""
    from ...executors.plan_file import read_plan

    for folder in adapter.resolve().parents if adapter else ():
        if (folder / "status.json").is_file() and (folder / "plan.yaml").is_file():
            plan = read_plan(folder / "plan.yaml")
            return plan.prompt, plan.model.model_dump() if plan.model else None
    return None, None


def _show(folder: Any, label: str, kind: str) -> None:  # noqa: ANN401 - a run's folder
    from ...executors.arms import main_arm
    from ...executors.report.classified import comparison_of
    from ...executors.report.record import Classified, Evaluation
    from ...executors.report.wording import answer_notes
    from ..comparison_view import print_arms

    for result in results_of(folder, kind):
        classes = [Classified.model_validate(result)] if "per_class" in result else []
        evaluation = comparison_of(classes) or Evaluation.model_validate(result)
        if arm := main_arm(label, list(evaluation.arms)):
            print_arms(evaluation, arm, Console(highlight=False, markup=False))
        for note in answer_notes(evaluation):
            print(note)
    for path in folder.reports():
        print(say("run.report", path=path))
