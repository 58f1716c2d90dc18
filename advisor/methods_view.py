"""Show all methods side by side: what they train, what they need, what they take."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..executors.estimate.compare import WITHOUT_CHECKPOINTING, Compared
from ..executors.estimate.result import Estimate, Fit
from ..knowledge.messages import say
from .estimate_view import NAMES
from .wrapping import wrap

GIB = 2**30


def print_comparison(found: Sequence[Compared], console: Console | None = None) -> None:
    """Print all methods side by side, and below them those that cannot be estimated, with the reason."""
    console = console or Console()
    answers = [one.estimate for one in found if one.estimate is not None]
    for line in shared_among(answers):
        console.print(Text(line, style="bold"))
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(comparison_head(answers)):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for answer in answers:
        table.add_row(*comparison_cells(answer))
    console.print(table)
    for note in comparison_notes(found):
        console.print(Text(wrap(note, console.width - 1), style="dim"))


def shared_among(answers: Sequence[Estimate]) -> Iterable[str]:
    """Yield, when several GPUs share the runs, how many and how, and that all figures are one's."""
    if answers and answers[0].gpus > 1:
        parallel = NAMES.get(answers[0].parallel, answers[0].parallel)
        gpu = answers[0].fits[0].gpu if answers[0].fits else "GPU"
        yield say("estimate.compare_shared", gpus=answers[0].gpus, gpu=gpu, parallel=parallel)


def comparison_head(answers: Sequence[Estimate]) -> list[str]:
    """Return the names of the columns: the GPUs that are judged are the last ones."""
    names = ("method", "share", "memory", "range", "hours", "usd")
    gpus = [fit.gpu for fit in answers[0].fits] if answers else []
    return [*(say(f"estimate.column.{name}") for name in names), *gpus]


def comparison_cells(answer: Estimate) -> Iterable[str]:
    """Yield a method's cells; memory in GiB."""
    peak = answer.peak
    yield answer.method
    yield f"{answer.trainable_parameters / answer.parameters:.2%}"
    yield f"{peak.device_bytes / GIB:.1f}"
    yield f"{peak.low_bytes / GIB:.1f}–{peak.high_bytes / GIB:.1f}"
    yield f"{answer.time.run_hours[1]:.1f}" if answer.time and answer.time.run_hours else "-"
    yield f"{answer.cost.run[1]:.2f}" if answer.cost and answer.cost.run else "-"
    yield from (_word(fit) for fit in answer.fits)


def _word(fit: Fit) -> str:
    return say("estimate.yes" if fit.fits else "estimate.fits_tightly" if fit.tight else "estimate.no")


def comparison_notes(found: Sequence[Compared]) -> Iterable[str]:
    """Yield what holds for all, what one method had to do without, and why others are missing."""
    answers = [one.estimate for one in found if one.estimate is not None]
    if answers:
        yield say("estimate.compare_units")
        yield answers[-1].assumptions[0]
    changed = [answer.method for answer in answers if answer.method in WITHOUT_CHECKPOINTING]
    if changed:
        yield say("estimate.compare_changed", methods=", ".join(changed))
    for one in found:
        if one.estimate is None:
            yield f"{one.method}: {one.unsupported}"
