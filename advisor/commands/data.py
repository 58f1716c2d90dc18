"""``ftadvisor data``: find every problem of a file of training data, and make clean, divided data of it."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...executors.data_check import LONGEST, Checked, check_file
from ...executors.data_statistics import statistics
from ...executors.prepare import SUMMARY, Wish, prepare
from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ...rag.tokens import token_starts
from ..cli import DONE, WRONG_INPUT
from ..data_view import checked_lines, prepared_lines
from ..output import print_json, print_note

APPROXIMATE = "approximate"
SHARE = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="check|prepare")
    check = verbs.add_parser("check", help=say("data.check_help"), description=say("data.check_help"))
    _add_shared(check)
    check.set_defaults(work=_check)
    made = verbs.add_parser("prepare", help=say("data.prepare_help"), description=say("data.prepare_help"))
    _add_shared(made)
    made.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help=say("data.output_help"))
    made.add_argument("--validation-share", type=_share, default=SHARE, metavar="S", help=say("data.validation_help"))
    made.add_argument("--test-share", type=_share, default=SHARE, metavar="S", help=say("data.test_share_help"))
    made.add_argument("--group", metavar="FIELD", help=say("data.group_help"))
    made.add_argument("--most-broken", type=_share, default=SHARE, metavar="S", help=say("data.most_broken_help"))
    made.add_argument("--seed", type=int, default=17, metavar="N", help=say("data.seed_help"))
    made.set_defaults(work=_prepare)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help=say("data.file_help"))
    parser.add_argument("--test", type=Path, metavar="FILE", help=say("data.test_help"))
    parser.add_argument("--model", metavar="MODEL", help=say("data.model_help"))
    parser.add_argument("--max-length", type=int, default=LONGEST, metavar="N", help=say("data.max_length_help"))
    parser.add_argument("--json", action="store_true", help=say("data.json_help"))


def _share(word: str) -> float:
    try:
        share = float(word)
    except ValueError:
        share = -1
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(say("data.wrong_share", value=word))
    return share


def run(arguments: argparse.Namespace) -> int:
    """Check or prepare; return 0, or 2 where rows cannot be learnt from."""
    return int(arguments.work(arguments, _checked(arguments)))


def _checked(arguments: argparse.Namespace) -> Checked:
    return check_file(arguments.file, _counter(arguments.model), arguments.max_length, arguments.test)


def _counter(model: str | None) -> Callable[[str], int]:
    if model is None:
        return lambda text: len(token_starts(text))
    from ...executors.models import load_tokenizer

    tokenizer = load_tokenizer(model)
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])


def _check(arguments: argparse.Namespace, checked: Checked) -> int:
    figures = statistics(checked, arguments.model or APPROXIMATE)
    if arguments.json:
        problems = [asdict(one) for one in checked.faults]
        print_json({"format": checked.layout, "rows": checked.total, "problems": problems, "statistics": figures})
    else:
        print("\n".join(checked_lines(arguments.file, checked, figures)))
    return WRONG_INPUT if checked.serious else DONE


def _prepare(arguments: argparse.Namespace, checked: Checked) -> int:
    if arguments.validation_share + arguments.test_share >= 1:
        raise UserError(say("data.shares_too_large"), "ftadvisor data prepare --help")
    wish = Wish(
        arguments.validation_share, arguments.test_share, arguments.seed, arguments.group, arguments.most_broken
    )
    summary = prepare(checked, arguments.file, arguments.output, wish)
    if arguments.json:
        print_json(summary)
    else:
        print("\n".join(prepared_lines(arguments.output, summary)))
        print_note(say("data.see_summary", path=arguments.output / SUMMARY))
    counts: Any = summary["rows"]
    for part, share in (("validation", wish.validation), ("test", wish.test)):
        if share and not counts[part]:
            print_note(say("data.part_empty", part=part))
    return DONE
