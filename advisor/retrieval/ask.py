"""``ftadvisor rag ask``: answer from an index, one question, a file of them, or a conversation in the terminal."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.address import place_of
from ...rag.answer import Answer
from ...rag.ask import AskOptions, ask
from ...rag.follow_up import Turn
from ...rag.generators import Generator
from ...rag.index import Index, open_index
from ...rag.questions import numbered_lines, read_questions
from ..answer_view import AnswerView
from ..cli import DONE
from ..output import print_json, progress_shown
from ._generator import add_generator_arguments, chosen_generator
from ._search import add_search_arguments, search_options

HELP = "answers.ask_help"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("index", type=place_of, metavar="INDEX", help=say("rag.index_help"))
    parser.add_argument("question", nargs="?", metavar="QUESTION", help=say("answers.question_help"))
    add_generator_arguments(parser)
    parser.add_argument("--questions", type=Path, metavar="FILE.jsonl", help=say("rag.questions_help"))
    parser.add_argument("--history", type=Path, metavar="FILE.jsonl", help=say("answers.history_help"))
    add_search_arguments(parser)
    least = say("answers.least_evidence_help")
    parser.add_argument("--least-evidence", default=None, type=float, metavar="SHARE", help=least)
    unsupported = say("answers.unsupported_help")
    parser.add_argument("--unsupported", default="mark", choices=("mark", "remove"), help=unsupported)
    parser.add_argument("--json", action="store_true", help=say("rag.json_help"))


def run(arguments: argparse.Namespace) -> int:
    """Answer; wrong input is raised as ``UserError``."""
    options = _options(arguments)
    if arguments.questions is not None:
        return _batch(arguments, options)
    history = [] if arguments.history is None else read_history(arguments.history)
    question = (arguments.question or "").strip()
    if not question and (arguments.json or not sys.stdin.isatty()):
        raise UserError(say("answers.needs_terminal"), "ftadvisor rag ask --help")
    index, generator = open_index(arguments.index), chosen_generator(arguments)
    if not question:
        return _converse(index, generator, options, history)
    if arguments.json:
        print_json(ask(index, question, generator, options, history).as_json())
    else:
        _shown(index, question, generator, options, history)
    return DONE


def _options(arguments: argparse.Namespace) -> AskOptions:
    least = arguments.least_evidence
    if least is not None and not 0 <= least <= 1:
        raise UserError(say("answers.wrong_least_evidence", value=least), "ftadvisor rag ask --help")
    if arguments.questions is not None and arguments.question is not None:
        raise UserError(say("rag.one_question"), "ftadvisor rag ask --help")
    if arguments.questions is not None and arguments.history is not None:
        raise UserError(say("answers.ask_one"), "ftadvisor rag ask --help")
    return AskOptions(search_options(arguments), least, arguments.unsupported)


def _batch(arguments: argparse.Namespace, options: AskOptions) -> int:
    questions = read_questions(arguments.questions)
    index, generator = open_index(arguments.index), chosen_generator(arguments)
    with progress_shown(arguments.quiet or not arguments.json) as progress:
        for number, question in enumerate(questions, start=1):
            if arguments.json:
                answer = ask(index, question.question, generator, options)
                print(json.dumps({"id": question.id, **answer.as_json()}, ensure_ascii=False))
                progress(say("rag.asking"), number, len(questions))
            else:
                _shown(index, question.question, generator, options, [], heading=True)
    return DONE


def _converse(index: Index, generator: Generator, options: AskOptions, history: list[Turn]) -> int:
    """Ask at the terminal until an empty line, or the end of the input."""
    print(say("answers.loop"))
    while True:
        try:
            question = input("> ").strip()
        except EOFError:
            return DONE
        if not question:
            return DONE
        answer = _shown(index, question, generator, options, history)
        history.append(Turn(answer.searched, answer.text))


def _shown(
    index: Index, question: str, generator: Generator, options: AskOptions, history: list[Turn], heading: bool = False
) -> Answer:
    view = AnswerView(streams=sys.stdout.isatty())
    if heading:
        view.ask(question)
    answer = ask(index, question, generator, options, history, view.piece)
    view.show(answer)
    return answer


class _Turn(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    answer: str


def read_history(path: Path) -> list[Turn]:
    """Return the turns of a file, oldest first.

    Raises:
        UserError: The file cannot be read, or lines of it are wrong; every one is named.
    """
    turns, problems = [], []
    for number, line in numbered_lines(path):
        try:
            turn = _Turn.model_validate_json(line)
            turns.append(Turn(turn.question, turn.answer))
        except ValidationError:
            problems.append(str(number))
    if problems:
        raise UserError(say("answers.wrong_history", path=path, lines=", ".join(problems[:20])))
    return turns
