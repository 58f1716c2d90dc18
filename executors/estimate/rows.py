"""Estimate published measurements: one CSV row in, one answer out, or the reason why there is none."""

import csv
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from . import published
from .architectures.find import architecture_of
from .device import CONTEXT, FRAGMENTS
from .estimate import estimate
from .methods.targets import matching
from .published.peft_comparison import between_steps
from .published.words import Row, cards_of, found, refuse_fused
from .request import EstimateRequest
from .result import Estimate, Peak
from .stacks import stack_named
from .unsupported import UnsupportedError

COLUMNS = ("source", "model", "method", "quant", "rank", "batch", "seq", "grad_ckpt", "optimizer", "dtype", "notes")


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file.

    Raises:
        UserError: The file is missing or lacks columns.
    """
    if not path.is_file():
        raise UserError(say("estimate.no_rows_file", path=path))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise UserError(say("estimate.bad_rows", path=path, columns=", ".join(missing)))
        yield from rows


def answer_row(row: Row) -> dict[str, Any]:
    """Return the estimate of a row as JSON, or ``{"unsupported": why}``.

    ``low_bytes`` and ``high_bytes`` of the peak are the range of what the row measured, which its ``kind`` names.
    """
    try:
        request = request_of_row(row)
        answer = estimate(request, replay=not getattr(_source(row), "EMPTIES_CACHE", False))
        trained = found(r"; trainable=(\d+)", row["notes"])
        if trained is not None and int(trained) != answer.trainable_parameters:
            raise UnsupportedError(say("estimate.row.variant", value=trained))
        return _ranged(row, request, answer)
    except UserError as problem:
        return {"unsupported": problem.message.removeprefix("unsupported: ")}
    except ValidationError as problem:
        return {"unsupported": "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in problem.errors())}


def _ranged(row: Row, request: EstimateRequest, answer: Estimate) -> dict[str, Any]:
    """Return the answer with the range of the quantity that the row measured.

    To both sides it is as wide as what blocks that are not split may add.
    """
    shown: dict[str, Any] = answer.model_dump(mode="json")
    peak, kind = answer.peak, row.get("kind", "")
    if row["notes"].startswith("STEADY"):
        low, shown["steady_bytes"], high = between_steps(request, answer)
    elif kind == "allocated":
        low, high = peak.allocated_bytes, peak.allocated_bytes
    elif kind == "reserved":
        low, high = peak.allocated_bytes, max(peak.reserved_bytes, _grown(peak))
    else:
        return shown
    share = FRAGMENTS[-1]
    shown["peak"] |= {"low_bytes": int(low * (1 - share)), "high_bytes": int(high * (1 + share))}
    return shown


def _grown(peak: Peak) -> int:
    """Return what the allocator holds at most, without what lies outside it."""
    return peak.high_bytes - CONTEXT[2]


def request_of_row(row: Row) -> EstimateRequest:
    """Return the question that a row asks.

    Raises:
        UserError: The row names something that cannot be estimated honestly.
    """
    refuse_fused(row)
    request = EstimateRequest.model_validate(_source(row).settings(row) | {"gpu": cards_of(row.get("gpu", ""))})
    if not request.targets:
        return request
    architecture = architecture_of(request.config, stack_named(request.stack))  # rows list one set for many models
    return request.model_copy(update={"targets": matching(architecture, request.targets)})


def _source(row: Row) -> ModuleType:
    for name, source in _sources().items():
        if name in row["source"]:
            return source
    raise UnsupportedError(say("estimate.row.source", value=row["source"]))


@cache
def _sources() -> dict[str, ModuleType]:
    modules = [import_module(f"{published.__name__}.{one.name}") for one in iter_modules(published.__path__)]
    return {module.SOURCE: module for module in modules if hasattr(module, "SOURCE")}
