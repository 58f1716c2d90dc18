"""Measure this machine, and let estimates rest on what was measured on it."""

import argparse
from dataclasses import asdict

from rich.console import Console

from ..executors.estimate.calibration import Calibration, calibration_file, calibration_of, step_seconds
from ..executors.estimate.device import CONTEXT
from ..executors.estimate.duration import cost_of, duration_of_steps
from ..executors.estimate.estimate import fit_of
from ..executors.estimate.history import ENOUGH, Record, narrowed, record_of
from ..executors.estimate.request import EstimateRequest
from ..executors.estimate.result import Estimate, Fit, Peak
from ..knowledge.find import find_gpu
from ..knowledge.messages import say
from .cli import DONE
from .output import print_json

MIB = 2**20


def run_calibrate(arguments: argparse.Namespace) -> int:
    """Measure the GPU, or with ``--device cpu`` the processor, and print what was found."""
    from ..executors.calibrate import calibrate
    from ..knowledge.progress import silent

    found = calibrate(arguments.device or "cuda", silent)
    if arguments.json:
        print_json(asdict(found))
        return DONE
    console = Console()
    console.print(say("estimate.calibrate.done", device=found.device, path=calibration_file()))
    for method, speeds in found.operations_per_second.items():
        low, likely, high = (f"{speed / 1e12:.3g}" for speed in speeds)
        console.print(say("estimate.calibrate.speed", method=method, low=low, likely=likely, high=high))
    if found.context_bytes:
        console.print(say("estimate.calibrate.context", size=f"{found.context_bytes / MIB:.0f}"))
    return DONE


def on_this_machine(request: EstimateRequest, answer: Estimate) -> tuple[Estimate, Record | None]:
    """Return the estimate with what this machine's calibration and history say, and that history.

    Args:
        request: The run.
        answer: The estimate. A traced one stays ``exact``: calibration gives it times, and history its range.
    """
    device = "cpu" if request.device == "cpu" else request_gpu(request)
    calibration = calibration_of(device) if device else None
    on_cpu = request.device == "cpu"
    record = record_of(request, answer.peak.device_bytes if on_cpu else answer.peak.allocated_bytes)
    peak = narrowed(answer.peak, record, request.device)
    if calibration is not None:
        answer = _timed(request, answer, calibration)
        peak = _with_context(peak, calibration)
    fits = [_refitted(fit, peak, peak.high_bytes - answer.peak.high_bytes) for fit in answer.fits]
    return answer.model_copy(update={"peak": peak, "fits": fits}), record


def _refitted(fit: Fit, peak: Peak, more_bytes: int) -> Fit:
    """Return a GPU's verdict when the high end has moved; what each GPU needs for itself moves with it."""
    card = find_gpu(fit.gpu)
    return fit_of(card, peak.low_bytes, card.memory_bytes - fit.headroom_bytes + more_bytes)


def request_gpu(request: EstimateRequest) -> str | None:
    """Return the id of the GPU that the estimate is about."""
    return find_gpu(request.gpu[0]).id if request.gpu else None


def _timed(request: EstimateRequest, answer: Estimate, calibration: Calibration) -> Estimate:
    seconds = step_seconds(request, calibration) if request.method != "inference" else None
    if seconds is None:
        return answer
    duration = duration_of_steps(request, seconds)
    cost = cost_of(request, duration, find_gpu(request.gpu[0]) if request.gpu else None)
    tier = "calibrated" if answer.tier == "analytic" else answer.tier  # what was measured here is time, not memory
    return answer.model_copy(update={"time": duration, "cost": cost, "tier": tier})


def _with_context(peak: Peak, calibration: Calibration) -> Peak:
    """Return the peak with the measured size of the context instead of the usual ones."""
    if not calibration.context_bytes:
        return peak
    low, likely, high = (calibration.context_bytes - usual for usual in CONTEXT)
    changes = {"low_bytes": low, "device_bytes": likely, "high_bytes": high}
    return peak.model_copy(update={name: getattr(peak, name) + change for name, change in changes.items()})


def print_record(record: Record | None) -> None:
    """Tell by how much estimates for such runs were off on this machine."""
    if record is None:
        return
    shares = {"median": f"{record.median_error:.1%}", "largest": f"{record.largest_error:.1%}"}
    Console().print(say("estimate.view.record", runs=record.runs, **shares))
    if record.runs < ENOUGH:
        Console().print(say("estimate.view.record_short", enough=ENOUGH), style="dim")
