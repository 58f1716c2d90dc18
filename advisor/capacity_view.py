"""Show what fits on a device, and what would make a run fit."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..executors.estimate.capacity import LARGEST_BATCH, Capacity
from ..executors.estimate.remedies import Change, Remedy
from ..executors.estimate.request import EstimateRequest
from ..knowledge.messages import say
from .wrapping import wrap

GIB = 2**30


def print_capacities(found: Sequence[Capacity], request: EstimateRequest, device: str, *, own_model: bool) -> None:
    """Print the largest model, the longest sequence and the largest batch per method."""
    console = Console()
    if not found:
        console.print(say("estimate.capacity.none", device=device))
        return
    console.print(Text(say("estimate.capacity.title", device=device), style="bold"))
    table = Table(box=None, pad_edge=False)
    for name in ("method", "model", "longest", "batch"):
        table.add_column(say(f"estimate.capacity.{name}"), justify="right" if name in {"longest", "batch"} else "left")
    for one in found:
        table.add_row(one.method, one.largest_model or "-", longest(one), batch(one))
    console.print(table)
    about = request.model if own_model else say("estimate.capacity.that_model")
    note = say("estimate.capacity.note", model=about, batch=request.batch, seq_len=request.seq_len)
    console.print(Text(wrap(note, console.width - 1), style="dim"))


def longest(one: Capacity) -> str:
    """Return the longest sequence; a model's own context is a limit too."""
    if not one.longest:
        return "-"
    return say("estimate.capacity.context", longest=f"{one.longest:,}") if one.context else f"{one.longest:,}"


def batch(one: Capacity) -> str:
    """Return the largest batch."""
    if not one.batch:
        return "-"
    return f"≥ {one.batch:,}" if one.batch == LARGEST_BATCH else f"{one.batch:,}"


def print_remedies(single: Sequence[Remedy], together: Sequence[Remedy], device: str) -> None:
    """Print every change on its own with what it costs, and the cheapest changes after which the run fits."""
    console = Console()
    console.print(say("estimate.view.single_remedies", gpu=device))
    for remedy in single:
        verdict = say("estimate.fits" if remedy.fits else "estimate.fits_not")
        line = say("estimate.view.change", change=after(remedy), verdict=verdict, cost=change_cost(remedy.change))
        console.print(Text(wrap(line, console.width - 1, "    ", "  - "), style="green" if remedy.fits else ""))
    if not together:
        console.print(say("estimate.view.no_remedy", gpu=device))
        return
    console.print(say("estimate.view.remedies", gpu=device))
    for number, remedy in enumerate(together, 1):
        console.print(Text(wrap(after(remedy), console.width - 1, "     ", f"  {number}. ")))


def high(remedy: Remedy) -> str:
    """Return the high end of what a changed run needs."""
    return f"{remedy.estimate.peak.high_bytes / GIB:.2f} GiB"


def after(remedy: Remedy) -> str:
    """Return a change and what the run needs after it, on each GPU where several share it."""
    need = high(remedy)
    if remedy.estimate.gpus > 1:
        need = say("estimate.each_gpu", need=need, gpus=remedy.estimate.gpus)
    return f"{change_name(remedy.change)} → {need}"


def change_name(change: Change) -> str:
    """Return a change in words."""
    return say(f"estimate.remedy.{change.kind}", value=change.value)


def change_cost(change: Change) -> str:
    """Return what a change costs beside memory."""
    return say(f"estimate.remedy_cost.{change.kind}")


def remedy_json(remedy: Remedy) -> dict[str, object]:
    """Return a remedy for programs."""
    peak = remedy.estimate.peak
    return {
        "change": remedy.change.kind,
        "value": remedy.change.value,
        "device_bytes": peak.device_bytes,
        "high_bytes": peak.high_bytes,
        "fits": remedy.fits,
    }
