"""Show estimates to people: a picture of the peak, time and money, and the verdicts."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..executors.estimate.request import EstimateRequest
from ..executors.estimate.result import Estimate, Fit, Range
from ..knowledge.messages import say
from .wrapping import wrap

BAR = 40
NAMES = {"ddp": "DDP", "fsdp": "FSDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
GIB, MIB = 2**30, 2**20


def print_estimate(answer: Estimate, console: Console | None = None) -> None:
    """Print one estimate with a bar for every part of its peak."""
    console = console or Console()
    peak = answer.peak
    console.print(Text(estimate_title(answer), style="bold"))
    console.print(
        say("estimate.view.peak", low=size(peak.low_bytes), likely=size(peak.device_bytes), high=size(peak.high_bytes))
    )
    phase = say(f"estimate.phase.{peak.phase}")
    console.print(
        say(
            "estimate.view.tensors", allocated=size(peak.allocated_bytes), phase=phase, steady=size(answer.steady_bytes)
        )
    )
    console.print(
        say("estimate.view.trained", trained=f"{answer.trainable_parameters:,}", all=f"{answer.parameters:,}")
    )
    console.print(_bars(answer))
    _print_operations(answer, console)
    _print_time(answer, console)
    for fit in answer.fits:
        console.print(Text(verdict(fit), style=_colour(fit)))
    console.print(say("estimate.view.assumed", stack=answer.stack["name"]))
    for assumption in answer.assumptions:
        console.print(Text(wrap(assumption, console.width - 1, "    ", "  - "), style="dim"))


def estimate_title(answer: Estimate) -> str:
    """Return what is estimated; with several GPUs, how many there are and that all figures are one's."""
    if answer.gpus == 1:
        return say("estimate.view.title", model=answer.model, method=answer.method)
    gpu = answer.fits[0].gpu if answer.fits else "GPU"
    parallel = NAMES.get(answer.parallel, answer.parallel)
    return say(
        "estimate.view.title_shared",
        model=answer.model,
        method=answer.method,
        gpus=answer.gpus,
        gpu=gpu,
        parallel=parallel,
    )


def _bars(answer: Estimate) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    parts = [*((part.name, part.bytes) for part in answer.breakdown)]
    parts.append(("device", answer.peak.device_bytes - answer.peak.allocated_bytes))
    for name, amount in parts:
        share = max(0.0, amount / answer.peak.device_bytes)
        table.add_row(
            say(f"estimate.part.{name}"), size(amount), Text("█" * max(1, round(share * BAR))), f"{share:>4.0%}"
        )
    return table


def _print_operations(answer: Estimate, console: Console) -> None:
    if answer.operations:
        console.print(say("exact.operations"))
    for operation in answer.operations:
        console.print(f"  {size(operation.bytes):>12}  {operation.name}")


def _print_time(answer: Estimate, console: Console) -> None:
    if answer.time is not None:
        console.print(
            say(
                "estimate.view.step",
                gpu=answer.fits[0].gpu if answer.fits else "CPU",
                seconds=_range(answer.time.step_seconds, ".2f"),
            )
        )
        if answer.time.run_hours is not None:
            console.print(say("estimate.view.run", hours=_range(answer.time.run_hours, ".1f")))
    if answer.cost is not None and answer.cost.run is not None:
        price = f"{answer.cost.usd_per_gpu_hour:.2f}"
        console.print(say("estimate.view.cost", cost=_range(answer.cost.run, ".2f"), price=price))


def print_no_time(request: EstimateRequest, answer: Estimate) -> None:
    """Tell why an estimate has no time, where measuring this machine or naming a GPU would give it one."""
    if answer.time is not None or request.method == "inference":
        return
    if request.device == "cpu":
        Console().print(say("estimate.view.no_time_cpu"))
    elif not request.gpu:
        Console().print(say("estimate.view.no_time_gpu"))


def verdict(fit: Fit) -> str:
    """Return whether a GPU holds the run, and by how much, in words."""
    word = "fits" if fit.fits else "fits_tightly" if fit.tight else "fits_not"
    return say(f"estimate.view.{word}", gpu=fit.gpu, headroom=size(abs(fit.headroom_bytes)))


def _colour(fit: Fit) -> str:
    return "green" if fit.fits else "yellow" if fit.tight else "red"


def size(amount: int) -> str:
    """Return bytes as people read them, in binary units."""
    return f"{amount / GIB:.2f} GiB" if amount >= GIB else f"{amount / MIB:.1f} MiB"


def _range(values: Range, style: str) -> str:
    low, likely, high = (format(value, style) for value in values)
    return f"{likely} ({low} – {high})"
