"""The command line that a person would give next: the one that was given, with some options changed."""

import argparse
import json
import shlex
from collections.abc import Mapping
from typing import Any

from .own_run import RUNS, SEED

METHOD, TRIALS = "lora", 9

TRAINING: Mapping[str, Any] = {
    "model": None,
    "method": METHOD,
    "task": None,
    "validation": None,
    "held_out": None,
    "instruction": "",
    "seed": SEED,
    "runs": RUNS,
}
TUNING: Mapping[str, Any] = {"vary": [], "trials": TRIALS}
"""Options with a word of their own and their defaults, in the order in which they are said."""


def command_of(name: str, arguments: argparse.Namespace, change: Mapping[str, Any]) -> str:
    """Return a command with the same options but for some.

    Args:
        name: ``train``, whatever the command was, or ``tune``.
        arguments: What ``train`` or ``tune`` was given.
        change: Options of a step ``train`` by name, such as ``method_options.rank``.
    """
    usual = TRAINING if name == "train" else {**TRAINING, **TUNING}
    words = ["ftadvisor", name, str(arguments.rows)]
    for option, default in usual.items():
        value = change.get(option, getattr(arguments, option, default))
        if option in change or value != default:
            for one in value if isinstance(value, list) else [value]:
                words += [f"--{option.replace('_', '-')}", str(one)]
    dropped = ("method_options.",) if "method" in change else ()  # they were another method's
    kept = [word for word in arguments.set if word.partition("=")[0] not in change and not word.startswith(dropped)]
    kept += [f"{option}={as_word(value)}" for option, value in change.items() if option not in usual]
    return shlex.join([*words, *(word for one in kept for word in ("--set", one))])


def as_word(value: Any) -> str:  # noqa: ANN401 - any value of an option
    """Return a value as ``--set`` reads it."""
    return value if isinstance(value, str) else json.dumps(value)
