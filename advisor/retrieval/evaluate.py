"""``ftadvisor rag evaluate``: measure retrieval and answers with questions whose answers are known."""

import argparse
from pathlib import Path

from ...knowledge.messages import say
from ...rag.evaluate import evaluate_index
from ...rag.index import open_index
from ...rag.questions import read_questions
from ..cli import DONE
from ..output import print_json, progress_shown
from ..retrieved import metrics_document, metrics_lines

HELP = "rag.evaluate_help"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=Path, metavar="INDEX", help=say("rag.index_help"))
    answered = say("rag.answered_questions_help")
    parser.add_argument("--questions", required=True, type=Path, metavar="FILE.jsonl", help=answered)
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Measure; wrong input is raised as ``UserError``."""
    questions = read_questions(arguments.questions)
    with progress_shown(arguments.quiet) as progress:
        metrics = evaluate_index(open_index(arguments.index), questions, progress)
    if arguments.json:
        print_json(metrics_document(metrics))
    else:
        print("\n".join(metrics_lines(metrics)))
    return DONE
