"""Say what a plan would set for a training that was started without one."""

import argparse

from ..executors.raw_rows import read_raw
from ..executors.step import StepOptions
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .base_model import describe
from .output import print_note
from .own_command import as_word
from .plan_training import settings_of

NAMES = ("learning_rate", "epochs")
"""What matters most, and depends on the model's size and the number of rows."""


def tell_planned(arguments: argparse.Namespace, step: StepOptions) -> None:
    """Tell learning rate and epochs that a plan would choose for the model and the rows, where the training has others.

    Args:
        arguments: What ``train`` was given; what ``--set`` names is the user's word.
        step: The training.
    """
    if arguments.quiet or not arguments.rows.is_file():
        return
    try:
        base, (rows, _) = describe(arguments.model, ""), read_raw(arguments.rows)
    except UserError:  # the training itself refuses it
        return
    chosen, _ = settings_of(arguments.method, base, len(rows))
    named = {word.partition("=")[0] for word in arguments.set}
    others = [
        say("own.planned_setting", setting=f"--set {name}={as_word(chosen[name].value)}", why=chosen[name].why)
        for name in NAMES
        if name in chosen and name not in named and chosen[name].value != getattr(step, name)
    ]
    if others:
        print_note("\n".join([say("own.planned"), *others]))
