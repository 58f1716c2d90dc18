"""``ftadvisor rag query``: search an index for one question, or for a file of them."""

import argparse
import json
from pathlib import Path

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.address import place_of
from ...rag.index import open_index
from ...rag.questions import read_questions
from ...rag.search import search
from ..cli import DONE
from ..output import print_json
from ..retrieved import print_hits
from ._search import add_search_arguments, search_options

HELP = "rag.query_help"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    parser.add_argument("question", nargs="?", metavar="QUESTION", help=say("rag.question_help"))
    parser.add_argument("--questions", type=Path, metavar="FILE.jsonl", help=say("rag.questions_help"))
    add_search_arguments(parser)
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Search; wrong input is raised as ``UserError``."""
    given = arguments.question is not None and bool(arguments.question.strip())
    if given == (arguments.questions is not None):
        raise UserError(say("rag.one_question"), "ftadvisor rag query --help")
    options = search_options(arguments)
    questions = None if arguments.questions is None else read_questions(arguments.questions)
    index = open_index(arguments.index)
    if questions is None:
        (hits,) = search(index, [arguments.question], options)
        if arguments.json:
            print_json({"hits": [hit.as_json() for hit in hits]})
        else:
            print_hits(arguments.question, hits)
        return DONE
    hits_of = search(index, [question.question for question in questions], options)
    for question, found in zip(questions, hits_of, strict=True):
        if arguments.json:
            row = {"id": question.id, "hits": [hit.as_json() for hit in found]}
            print(json.dumps(row, ensure_ascii=False))
        else:
            print_hits(question.question, found)
    return DONE
