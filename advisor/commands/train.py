"""``ftadvisor train``: fine-tune a model on a file of rows, without a plan written first."""

import argparse
from functools import partial
from pathlib import Path

from ...executors.method import method_ids
from ...executors.task import task_ids
from ...knowledge.messages import say
from ..cli import DONE
from ..own_command import METHOD, command_of
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
from ..planned_settings import tell_planned
from ..rows_task import told_task
from ..set_options import options_of
from ..trained_view import trained_lines

NAME = "finetuned"
SHARE = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", type=Path, metavar="ROWS", help=say("own.rows_help"))
    parser.add_argument("--model", required=True, metavar="MODEL", help=say("own.model_help"))
    parser.add_argument("--method", default=METHOD, choices=method_ids(), help=say("own.method_help"))
    parser.add_argument("--task", choices=task_ids(), help=say("own.task_help"))
    parser.add_argument("--validation", type=Path, metavar="FILE", help=say("own.validation_help"))
    parser.add_argument("--held-out", type=float, metavar="SHARE", help=say("own.held_out_help"))
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, measure held-out rows where there are any, and say where the adapter is; return 0, or 1 on failure."""
    from ...executors.prompt import Prompt

    task = told_task(arguments)
    given = {
        "name": NAME,
        "task": task,
        "method": arguments.method,
        "train": absolute(arguments.rows),
        "validation": absolute(arguments.validation),
        "validation_share": None if arguments.validation else SHARE,
        "held_out": arguments.held_out,
        "output": NAME,
    }
    steps = [step_of("train", **given | options_of(arguments.set, "train", given))]
    tell_planned(arguments, steps[0])
    if arguments.held_out is not None and task != LANGUAGE_MODEL:
        steps.append(step_of("measure", task=task, adapter=NAME))
    steps.append(step_of("report"))
    prompt, model = Prompt(instruction=arguments.instruction), {"source": model_of(arguments.model)}
    label = f"finetune:{arguments.method}"
    title, again = f"train {arguments.method}", partial(command_of, "train", arguments)
    folder, code = run_steps(arguments, title, label, model, prompt, steps, instead=again)
    if arguments.json:
        print_run(
            folder, training=next(iter(results_of(folder, "train")), None), measured=results_of(folder, "measure")
        )
    elif code == DONE:
        print("\n".join(trained_lines(folder)))
    return code
