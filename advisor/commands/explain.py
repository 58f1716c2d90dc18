"""``ftadvisor explain``: what a method, rule, question, model, GPU or source is, with sources."""

import argparse

from rich.console import Console
from rich.text import Text

from ...knowledge.messages import say
from ..cli import DONE
from ..explaining import explain
from ..recommendation_view import READING_COLUMNS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("what", metavar="WHAT", help=say("advice.help.explain"))


def run(arguments: argparse.Namespace) -> int:
    """Print everything that has the name."""
    console = Console(highlight=False, soft_wrap=True)
    for line in explain(arguments.what, min(console.width - 1, READING_COLUMNS)):
        console.print(Text(line, style="bold" if line and not line.startswith(" ") else ""))
    return DONE
