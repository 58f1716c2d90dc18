"""Show estimates to people: a picture of the peak, and methods side by side."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..executors.estimate.compare import Compared
from ..executors.estimate.remedies import Remedy
from ..executors.estimate.result import Estimate, Fit, Range
from ..knowledge.messages import say
from .wrapping import wrap

BAR = 40
GIB, MIB = 2**30, 2**20


def print_estimate(answer: Estimate, console: Console | None = None) -> None:
    """Print one estimate with a bar for every part of its peak."""
    console = console or Console()
    peak = answer.peak
    console.print(Text(say("estimate.view.title", model=answer.model, method=answer.method), style="bold"))
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
        console.print(_verdict(fit))
    console.print(say("estimate.view.assumed", stack=answer.stack["name"]))
    for assumption in answer.assumptions:
        console.print(Text(wrap(assumption, console.width - 1, "    ", "  - "), style="dim"))


def print_remedies(found: Sequence[Remedy], gpu: str, console: Console | None = None) -> None:
    """Print what would make a run fit on a GPU, the cheapest change first."""
    console = console or Console()
    if not found:
        console.print(say("estimate.view.no_remedy", gpu=gpu))
        return
    console.print(say("estimate.view.remedies", gpu=gpu))
    for number, remedy in enumerate(found, 1):
        change = say(f"estimate.remedy.{remedy.change}", value=remedy.value)
        console.print(f"  {number}. {change} → {size(remedy.estimate.peak.high_bytes)}")


def _bars(answer: Estimate) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    parts = [*((part.name, part.bytes) for part in answer.breakdown)]
    parts.append(("device", answer.peak.device_bytes - answer.peak.allocated_bytes))
    for name, amount in parts:
        share = max(0.0, amount / answer.peak.device_bytes)
        table.add_row(
            say(f"estimate.part.{name}"), size(amount), Text("█" * max(1, round(share * BAR))), f"{share:.0%}"
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
            say("estimate.view.step", gpu=answer.fits[0].gpu, seconds=_range(answer.time.step_seconds, ".2f"))
        )
        if answer.time.run_hours is not None:
            console.print(say("estimate.view.run", hours=_range(answer.time.run_hours, ".1f")))
    if answer.cost is not None and answer.cost.run is not None:
        price = f"{answer.cost.usd_per_gpu_hour:.2f}"
        console.print(say("estimate.view.cost", cost=_range(answer.cost.run, ".2f"), price=price))


def print_comparison(found: Sequence[Compared], console: Console | None = None) -> None:
    """Print all methods side by side, and below them those that cannot be estimated, with the reason."""
    console = console or Console()
    answers = [one.estimate for one in found if one.estimate is not None]
    gpus = [fit.gpu for fit in answers[0].fits] if answers else []
    columns = ("method", "trained", "low", "likely", "high", "phase", "hours")
    table = Table(*(say(f"estimate.column.{name}") for name in columns), *gpus, box=None, pad_edge=False)
    for answer in answers:
        table.add_row(*_cells(answer))
    console.print(table)
    if answers:
        console.print(Text(wrap(answers[-1].assumptions[0], console.width - 1), style="dim"))
    for one in found:
        if one.estimate is None:
            console.print(Text(f"{one.method}: {one.unsupported}", style="dim"))


def _cells(answer: Estimate) -> Iterable[str]:
    peak = answer.peak
    yield from (answer.method, f"{answer.trainable_parameters:,}")
    yield from map(size, (peak.low_bytes, peak.device_bytes, peak.high_bytes))
    yield say(f"estimate.phase.{peak.phase}")
    yield _range(answer.time.run_hours, ".1f") if answer.time and answer.time.run_hours else "-"
    yield from (say("estimate.fits" if fit.fits else "estimate.fits_not") for fit in answer.fits)


def _verdict(fit: Fit) -> Text:
    key = "estimate.view.fits" if fit.fits else "estimate.view.fits_not"
    return Text(say(key, gpu=fit.gpu, headroom=size(abs(fit.headroom_bytes))), style="green" if fit.fits else "red")


def size(amount: int) -> str:
    """Return bytes as people read them, in binary units."""
    return f"{amount / GIB:.2f} GiB" if amount >= GIB else f"{amount / MIB:.1f} MiB"


def _range(values: Range, style: str) -> str:
    low, likely, high = (format(value, style) for value in values)
    return f"{likely} ({low} – {high})"
