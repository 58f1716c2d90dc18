"""``ftadvisor tune``: train with several settings, and say which one validates best."""

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from ...executors.method import method_ids, method_module
from ...executors.step import StepOptions
from ...executors.task import task_ids
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..cli import DONE
from ..own_command import METHOD, TRIALS, as_word, command_of
from ..own_run import absolute, add_run_arguments, model_of, print_run, results_of, run_steps, step_of
from ..rows_task import told_task
from ..set_options import options_of, value_of
from ..trained_view import best_loss, tuned_lines

RATES = (1 / 3, 1, 3)
"""Times the method's own learning rate: the setting to look at first."""

SHARE = 0.1

YARDSTICK = ("task", "task_options.loss", "task_options.focus", "new_tokens")
"""Options that say what the validation loss counts: trials with two of them do not compare."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", type=Path, metavar="ROWS", help=say("own.rows_help"))
    parser.add_argument("--model", required=True, metavar="MODEL", help=say("own.model_help"))
    parser.add_argument("--method", default=METHOD, choices=method_ids(), help=say("own.method_help"))
    parser.add_argument("--task", choices=task_ids(), help=say("own.task_help"))
    parser.add_argument("--validation", type=Path, metavar="FILE", help=say("own.validation_help"))
    parser.add_argument("--vary", action="append", default=[], metavar="OPTION=A,B,...", help=say("own.vary_help"))
    parser.add_argument("--trials", type=int, default=TRIALS, metavar="N", help=say("own.trials_help"))
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train all trials in one run, which can be resumed, and rank them; return 0, or 1 on failure."""
    from ...executors.prompt import Prompt

    trials, task = _trials(arguments), told_task(arguments)
    steps = [_step(arguments, task, number, varied) for number, varied in enumerate(trials, 1)]
    steps.append(step_of("report"))
    prompt, model = Prompt(instruction=arguments.instruction), {"source": model_of(arguments.model)}
    label = f"finetune:{arguments.method}"
    title, again = f"tune {arguments.method}", partial(command_of, "tune", arguments)
    folder, code = run_steps(arguments, title, label, model, prompt, steps, instead=again)
    found = list(zip(trials, results_of(folder, "train"), strict=False))
    ranked = sorted(found, key=lambda pair: best_loss(pair[1]) or float("inf"))
    if arguments.json:
        shown = [{"settings": varied, "validation_loss": best_loss(result)} for varied, result in ranked]
        print_run(folder, trials=shown, best=shown[0]["settings"] if shown else None)
    elif code == DONE:
        print("\n".join(tuned_lines(ranked)))
        print(say("own.best", command=command_of("train", arguments, ranked[0][0])))
    return code


def _trials(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the settings of each trial: all combinations, or as many of them as are wanted, drawn by the seed."""
    varied = dict(_varied(arguments.vary)) or {
        "learning_rate": [float(f"{times * method_module(arguments.method).LEARNING_RATE:.2g}") for times in RATES]
    }
    combined = [dict(zip(varied, values, strict=True)) for values in product(*varied.values())]
    if len(combined) <= arguments.trials:
        return combined
    chosen = sorted(random.Random(f"{arguments.seed}/tune").sample(range(len(combined)), max(1, arguments.trials)))
    return [combined[place] for place in chosen]


def _varied(words: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    for word in words:
        name, equals, values = word.partition("=")
        if not equals or not values:
            raise UserError(say("own.wrong_vary", word=word), say("own.wrong_vary_hint"))
        if name in YARDSTICK:
            raise UserError(say("own.vary_yardstick", name=name), say("own.vary_yardstick_hint", name=name))
        yield name, [value_of(value) for value in values.split(",")]


def _step(arguments: argparse.Namespace, task: str, number: int, varied: Mapping[str, Any]) -> StepOptions:
    given = {
        "name": f"trial {number}",
        "task": task,
        "method": arguments.method,
        "train": absolute(arguments.rows),
        "validation": absolute(arguments.validation),
        "validation_share": None if arguments.validation else SHARE,
        "output": f"trials/{number}",
    }
    words = [*arguments.set, *(f"{name}={as_word(value)}" for name, value in varied.items())]
    settings = options_of(words, "train", given)
    return step_of("train", **given | settings)
