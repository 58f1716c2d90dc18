"""``ftadvisor rag evaluate``: measure retrieval and answers with questions whose answers are known."""

import argparse
from pathlib import Path

from ...knowledge.messages import say
from ...rag.address import place_of
from ...rag.ask import AskOptions
from ...rag.evaluate import evaluate_index
from ...rag.evaluate_answers import evaluate_answers
from ...rag.index import open_index
from ...rag.questions import read_questions
from ..answer_figures import answer_lines
from ..cli import DONE
from ..output import print_json, progress_shown
from ..retrieved import metrics_document, metrics_lines
from ._generator import add_generator_arguments, chosen_generator
from ._search import add_search_arguments, search_options

HELP = "rag.evaluate_help"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    answered = say("rag.answered_questions_help")
    parser.add_argument("--questions", required=True, type=Path, metavar="FILE.jsonl", help=answered)
    parser.add_argument("--answers", action="store_true", help=say("answers.measure_help"))
    add_generator_arguments(parser)
    add_search_arguments(parser)
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Measure; wrong input is raised as ``UserError``."""
    questions = read_questions(arguments.questions)
    options = AskOptions(search_options(arguments))
    generator = chosen_generator(arguments)
    index = open_index(arguments.index)
    with progress_shown(arguments.quiet) as progress:
        metrics = evaluate_index(index, questions, progress, options.search)
        wanted = arguments.answers or arguments.generator != "extractive"
        answers = evaluate_answers(index, questions, generator, options, progress) if wanted else None
    if arguments.json:
        answered = {} if answers is None else {"answers": answers.model_dump(mode="json")}
        print_json({**metrics_document(metrics), **answered})
    else:
        print("\n".join([*metrics_lines(metrics), *(answer_lines(answers) if answers else [])]))
    return DONE
