"""``ftadvisor estimate``: memory, time and money of a training run, before anything runs."""

import argparse
import json
from pathlib import Path
from typing import get_args

from ...executors.estimate import request as words
from ...executors.estimate.compare import compare
from ...executors.estimate.estimate import estimate
from ...executors.estimate.methods.find import method_names
from ...executors.estimate.remedies import remedies
from ...executors.estimate.result import Estimate
from ...knowledge.errors import UserError
from ...knowledge.find import find_gpu
from ...knowledge.messages import say
from ..cli import DONE
from ..estimate_request import request_of
from ..estimate_view import print_comparison, print_estimate, print_remedies
from ..output import print_json, progress_shown

NUMBERS = (
    "rank",
    "virtual_tokens",
    "encoder_width",
    "bottleneck",
    "dropout",
    "labels",
    "batch",
    "grad_accum",
    "gpus",
    "seq_len",
    "train_tokens",
    "epochs",
)
REFUSED = frozenset({"int8"})
"""Words that a plan may hold, and that the estimator answers with a reason instead of a number."""
CHOICES = {
    "quant": words.Quant,
    "variant": words.Variant,
    "dtype": words.Dtype,
    "optimizer": words.Optimizer,
    "attention": words.Attention,
    "loss": words.Loss,
    "device": words.Device,
    "parallel": words.Parallel,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options; numbers and names are checked together, so that all problems are told at once."""
    parser.add_argument("--model", help=say("estimate.help.model"))
    parser.add_argument("--method", help=say("estimate.help.method", known=", ".join(method_names())))
    for name, kind in CHOICES.items():
        parser.add_argument(
            _option(name),
            metavar="|".join(word for word in get_args(kind) if word not in REFUSED),
            help=say(f"estimate.help.{name}"),
        )
    for name in NUMBERS:
        parser.add_argument(_option(name), metavar="N", help=say(f"estimate.help.{name}"))
    parser.add_argument("--targets", metavar="NAMES", help=say("estimate.help.targets"))
    parser.add_argument("--stack", metavar="NAME", help=say("estimate.help.stack"))
    parser.add_argument(
        "--grad-checkpointing", action=argparse.BooleanOptionalAction, help=say("estimate.help.grad_checkpointing")
    )
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction, help=say("estimate.help.amp"))
    parser.add_argument("--gpu", action="append", metavar="NAME", help=say("estimate.help.gpu"))
    parser.add_argument("--price", metavar="USD", help=say("estimate.help.price"))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--compare", action="store_true", help=say("estimate.help.compare"))
    what.add_argument("--exact", action="store_true", help=say("exact.help"))
    what.add_argument("--rows", type=Path, metavar="FILE.csv", help=say("estimate.help.rows"))
    parser.add_argument("--json", action="store_true", help=say("estimate.help.json"))


def run(arguments: argparse.Namespace) -> int:
    """Print one estimate, all methods side by side, or one line per row of a file."""
    if arguments.rows is not None:
        return _run_rows(arguments)
    request = request_of(vars(arguments))
    if arguments.compare:
        found = compare(request)
        if arguments.json:
            print_json([one.model_dump(mode="json") for one in found])
        else:
            print_comparison(found)
        return DONE
    answer = _traced(request) if arguments.exact else estimate(request)
    if arguments.json:
        print_json(answer.model_dump(mode="json"))
    else:
        print_estimate(answer)
        for fit in answer.fits:
            if not fit.fits:
                print_remedies(remedies(request, find_gpu(fit.gpu).memory_bytes), fit.gpu)
    return DONE


def _traced(request: words.EstimateRequest) -> Estimate:
    from ...executors.estimate.exact.exact import estimate_exactly

    with progress_shown(quiet=False) as progress:
        return estimate_exactly(request, progress)


def _run_rows(arguments: argparse.Namespace) -> int:
    from ...executors.estimate.rows import answer_row, read_rows

    if not arguments.json:
        raise UserError(say("estimate.rows_need_json"), "ftadvisor estimate --rows FILE.csv --json")
    for row in read_rows(arguments.rows):
        print(json.dumps(answer_row(row), ensure_ascii=False), flush=True)
    return DONE


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
