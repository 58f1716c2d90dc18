"""``ftadvisor rag questions``: make questions from the documents of an index."""

import argparse
from pathlib import Path
from typing import cast

from ...knowledge.durable import write_text
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.address import place_of
from ...rag.index import open_index
from ...rag.made_questions import Writer, make_questions, question_lines
from ..cli import DONE
from ..output import print_json, progress_shown
from ._generator import add_max_tokens, chosen_generator

HELP = "questions.help"
COUNT, SEED = 100, 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    output = say("questions.output_help")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE.jsonl", help=output)
    count = say("questions.count_help", default=COUNT)
    parser.add_argument("--count", default=COUNT, type=int, metavar="N", help=count)
    parser.add_argument("--seed", default=SEED, type=int, metavar="N", help=say("questions.seed_help", default=SEED))
    parser.add_argument("--generator", metavar="PATH|ENDPOINT", help=say("questions.writer_help"))
    add_max_tokens(parser)
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Make and write the questions; wrong input is raised as ``UserError``."""
    if arguments.count < 1:
        hint = "ftadvisor rag questions --help"
        raise UserError(say("questions.wrong_count", value=arguments.count), hint)
    index = open_index(arguments.index)
    with progress_shown(arguments.quiet) as progress:
        made = make_questions(index, arguments.count, arguments.seed, _writer(arguments), progress)
    if not made:
        raise UserError(say("questions.none_made"))
    write_text(arguments.output, question_lines(made))
    if arguments.json:
        print_json({"questions": len(made), "path": str(arguments.output)})
    else:
        print(say("questions.made", count=len(made), path=arguments.output))
    return DONE


def _writer(arguments: argparse.Namespace) -> Writer | None:
    return None if arguments.generator in (None, "extractive") else cast(Writer, chosen_generator(arguments))
