"""Tell from a file of rows which task a model can learn from them."""

import argparse

from ..executors.layout import layout_of
from ..executors.raw_rows import read_raw
from ..knowledge.messages import say
from .output import print_note
from .own_run import LANGUAGE_MODEL

TASKS = {
    "labelled": "sequence_classification",
    "tagged": "token_classification",
    "raw_text": "continued_pretraining",
}
"""The task of each layout whose rows a language model cannot learn to answer."""


def told_task(arguments: argparse.Namespace) -> str:
    """Return the task that is named, or the one that the first row allows; says so where it is not to answer.

    A passage with a question is only taken for a search for the answer in it where the answer is laid out so.

    Args:
        arguments: What ``train`` or ``tune`` was given.

    Raises:
        UserError: There is no file of rows, or it is not text.
    """
    if arguments.task is not None:
        return str(arguments.task)
    rows, _ = read_raw(arguments.rows)
    fields = rows[0].values.keys() if rows else ()
    layout = layout_of(fields)
    task = TASKS.get(layout or "", LANGUAGE_MODEL)
    if layout == "extractive" and "answer" not in fields:
        task = "question_answering"
    if task != LANGUAGE_MODEL and not arguments.quiet:
        print_note(say("own.task_told", layout=say(f"data.layout_{layout}"), task=task))
    elif layout == "extractive" and not arguments.quiet:
        print_note(say("own.context_left_out"))
    return task
