"""``ftadvisor estimate``: memory, time and money of a training run, before anything runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ...executors.data_folder import data_folder
from ...executors.estimate import request as kinds
from ...executors.estimate.estimate import estimate
from ...executors.estimate.methods.find import method_names
from ...executors.estimate.request import EstimateRequest
from ...knowledge.errors import UserError
from ...knowledge.find import find_gpu
from ...knowledge.messages import say
from ..cli import DONE
from ..estimate_request import request_of
from ..estimate_view import print_estimate, print_no_time
from ..output import print_json

if TYPE_CHECKING:
    from ...executors.estimate.history import Record
    from ...executors.estimate.remedies import Remedy
    from ...executors.estimate.result import Estimate
    from ...executors.estimate.throughput import Throughput

    Changes = tuple[list[Remedy], list[Remedy]]

NUMBERS = (
    "rank",
    "group_size",
    "virtual_tokens",
    "encoder_width",
    "bottleneck",
    "dropout",
    "labels",
    "added_tokens",
    "batch",
    "grad_accum",
    "gpus",
    "seq_len",
    "target_len",
    "new_tokens",
    "train_tokens",
    "epochs",
)
CHOICES = {
    "quant": kinds.Quant,
    "variant": kinds.Variant,
    "head": kinds.Head,
    "dtype": kinds.Dtype,
    "optimizer": kinds.Optimizer,
    "attention": kinds.Attention,
    "loss": kinds.Loss,
    "cache_quant": kinds.CacheQuant,
    "device": kinds.Device,
    "parallel": kinds.Parallel,
    "offload": kinds.Offload,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options; numbers and names are checked together, so that all problems are told at once."""
    parser.add_argument("--model", help=say("estimate.help.model"))
    parser.add_argument("--method", help=say("estimate.help.method", known=", ".join(method_names())))
    for name, kind in CHOICES.items():
        parser.add_argument(
            _option(name),
            metavar="|".join(get_args(kind)),
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
    parser.add_argument("--throughput", action="store_true", help=say("estimate.help.throughput"))
    parser.add_argument("--embed-tokens", metavar="N", help=say("estimate.help.embed_tokens"))
    parser.add_argument("--price", metavar="USD", help=say("estimate.help.price"))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--compare", action="store_true", help=say("estimate.help.compare"))
    what.add_argument("--what-fits", action="store_true", help=say("estimate.help.what_fits"))
    what.add_argument("--calibrate", action="store_true", help=say("estimate.help.calibrate"))
    what.add_argument("--exact", action="store_true", help=say("exact.help"))
    what.add_argument("--rows", type=Path, metavar="FILE.csv", help=say("estimate.help.rows"))
    parser.add_argument("--html", type=Path, metavar="FILE", help=say("estimate.help.html"))
    parser.add_argument("--json", action="store_true", help=say("estimate.help.json"))


def run(arguments: argparse.Namespace) -> int:
    """Print one estimate, all methods side by side, what fits, or one line per row of a file."""
    if arguments.rows is not None:
        return _run_rows(arguments)
    if arguments.cache_quant not in {None, "none"} and (arguments.what_fits or arguments.compare):
        view = "--what-fits" if arguments.what_fits else "--compare"
        words = {"cache_quant": arguments.cache_quant, "method": view}
        raise UserError(say("estimate.cache_of_inference", **words), "ftadvisor estimate --help")
    if arguments.what_fits:
        return _run_what_fits(arguments)
    if arguments.calibrate:
        from ..own_machine import run_calibrate

        return run_calibrate(arguments)
    request = request_of(vars(arguments))
    return _run_compare(request, arguments) if arguments.compare else _run_one(request, arguments)


def _run_one(request: EstimateRequest, arguments: argparse.Namespace) -> int:
    found = _traced(request) if arguments.exact else estimate(request, replay=True)
    answer, record = _on_this_machine(request, found)
    speeds = _speeds(request, arguments)
    changes = _changes(request, answer)
    if arguments.json:
        own = {
            "remedies": _changes_json(changes),
            "throughput": list(map(asdict, speeds)),
            "history": record and record.as_json(),
        }
        print_json(answer.model_dump(mode="json") | own)
    else:
        print_estimate(answer)
        print_no_time(request, answer)
        _print_own(record, speeds)
        _print_changes(changes)
    if arguments.html is not None:
        from ..estimate_pages import write_estimate_page

        write_estimate_page(arguments.html, answer, {gpu: together for gpu, (_, together) in changes.items()})
    return DONE


def _traced(request: EstimateRequest) -> Estimate:
    from ...executors.estimate.exact.exact import estimate_exactly
    from ..output import progress_shown

    with progress_shown(quiet=False) as progress:
        return estimate_exactly(request, progress)


def _on_this_machine(request: EstimateRequest, answer: Estimate) -> tuple[Estimate, Record | None]:
    """Return the estimate with what was measured here, and how earlier ones were off; most machines have nothing."""
    if not data_folder().exists():
        return answer, None
    from ..own_machine import on_this_machine

    return on_this_machine(request, answer)


def _speeds(request: EstimateRequest, arguments: argparse.Namespace) -> list[Throughput]:
    asked = arguments.throughput or arguments.embed_tokens is not None
    if not asked and request.method != "inference":
        return []
    from ..throughput_view import throughputs

    return throughputs(request, arguments.embed_tokens, asked=asked)


def _print_own(record: Record | None, speeds: Sequence[Throughput]) -> None:
    if record is not None:
        from ..own_machine import print_record

        print_record(record)
    if speeds:
        from ..throughput_view import print_throughputs

        print_throughputs(speeds)


def _changes(request: EstimateRequest, answer: Estimate) -> dict[str, Changes]:
    """Return what would help, one change at a time and together, for every GPU that is too small."""
    short = [fit.gpu for fit in answer.fits if not fit.fits]
    if not short:
        return {}
    from ...executors.estimate.remedies import remedies, single_remedies

    memory = {gpu: find_gpu(gpu).memory_bytes for gpu in short}
    return {gpu: (single_remedies(request, most), remedies(request, most)) for gpu, most in memory.items()}


def _changes_json(changes: Mapping[str, Changes]) -> dict[str, object]:
    if not changes:
        return {"single": {}, "together": {}}
    from ..capacity_view import remedy_json

    return {
        "single": {gpu: list(map(remedy_json, single)) for gpu, (single, _) in changes.items()},
        "together": {gpu: list(map(remedy_json, together)) for gpu, (_, together) in changes.items()},
    }


def _print_changes(changes: Mapping[str, Changes]) -> None:
    if not changes:
        return
    from ..capacity_view import print_remedies

    for gpu, (single, together) in changes.items():
        print_remedies(single, together, gpu)


def _run_compare(request: EstimateRequest, arguments: argparse.Namespace) -> int:
    from ...executors.estimate.compare import compare

    found = compare(request)
    if arguments.json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        from ..methods_view import print_comparison

        print_comparison(found)
    if arguments.html is not None:
        from ..estimate_pages import write_comparison_page

        write_comparison_page(arguments.html, request.model, found)
    return DONE


def _run_what_fits(arguments: argparse.Namespace) -> int:
    from ...executors.estimate.capacity import capacities
    from ...knowledge.load import load
    from ...knowledge.model import ModelCard
    from ..capacity_view import print_capacities

    own_model = arguments.model is not None
    words = vars(arguments) | ({} if own_model else {"model": next(iter(load(ModelCard)))})
    request = request_of(words)
    devices = [(name, find_gpu(name).memory_bytes) for name in request.gpu] or [_this_computer(request)]
    answers = {}
    for name, memory in devices:
        found = capacities(request, memory, own_model=own_model)
        answers[name] = [asdict(one) for one in found]
        if not arguments.json:
            print_capacities(found, request, name, own_model=own_model)
    if arguments.json:
        print_json(answers)
    return DONE


def _this_computer(request: EstimateRequest) -> tuple[str, int]:
    if request.device != "cpu":
        raise UserError(say("estimate.what_fits_needs_gpu"), "ftadvisor estimate --what-fits --gpu 4090")
    from ..machine import memory_bytes

    memory = memory_bytes()
    if memory is None:
        raise UserError(say("estimate.cpu_memory_unknown"))
    return "CPU", memory


def _run_rows(arguments: argparse.Namespace) -> int:
    from ...executors.estimate.rows import answer_row, read_rows

    if not arguments.json:
        raise UserError(say("estimate.rows_need_json"), "ftadvisor estimate --rows FILE.csv --json")
    for row in read_rows(arguments.rows):
        print(json.dumps(answer_row(row), ensure_ascii=False), flush=True)
    return DONE


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
