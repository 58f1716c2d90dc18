"""What commands show: one JSON document on standard output, progress on standard error."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from time import monotonic
from typing import Any, NamedTuple, Protocol

from ..knowledge.messages import say
from ..knowledge.progress import Progress
from ..knowledge.quantity import duration

SECONDS_BETWEEN_LINES = 10.0
SLOW = 1.0
"""Seconds of work after which people ask themselves whether anything happens."""


def print_json(document: object) -> None:
    """Print one JSON document on standard output, readable by people."""
    print(json.dumps(document, ensure_ascii=False, indent=2))


def print_note(text: str) -> None:
    """Print a text for people on standard error."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def told_if_slow(text: str, after: float = SLOW) -> Iterator[None]:
    """Print a text on standard error if the block is not done in time, for work that cannot say how far it is.

    Args:
        text: What is being done.
        after: Seconds until it is told.
    """
    timer = Timer(after, print_note, [text])
    timer.daemon = True  # Ctrl-C waits for none
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class ShownProgress(Progress, Protocol):
    """Show how far the work is; work in several steps names each as it starts."""

    def stage(self, number: int, total: int, title: str, /) -> None:
        """Show that step ``number`` of ``total``, counted from 1, starts."""


@contextmanager
def progress_shown(quiet: bool) -> Iterator[ShownProgress]:
    """Show progress on standard error for the time of the block.

    A terminal gets bars with elapsed and remaining time; a file or a pipe gets a line now and then.

    Args:
        quiet: Show nothing at all.
    """
    if quiet:
        yield _Nothing()
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield bars
    else:
        yield _Lines()


class _Work(NamedTuple):
    """Hold the last state of a piece of work."""

    label: str = ""
    done: float = 0
    total: float | None = None

    def continues(self, other: "_Work") -> bool:
        """Tell whether it is the same work further on; its label may carry figures that change, such as a loss."""
        if self.label == other.label:
            return True
        return (
            self.total is not None
            and self.total == other.total
            and other.done <= self.done
            and other.done < other.total
        )


class _Nothing:
    def __call__(self, label: str, done: float, total: float | None, /) -> None: ...

    def stage(self, number: int, total: int, title: str, /) -> None: ...


class _Lines:
    """Print a line when a label first appears, when it is done, and every few seconds in between."""

    def __init__(self) -> None:
        self._work = self._first = _Work()
        self._started = self._printed = monotonic()

    def __call__(self, label: str, done: float, total: float | None, /) -> None:
        now, work = monotonic(), _Work(label, done, total)
        new, finished = not work.continues(self._work), total is not None and done >= total
        self._work = work
        if new:
            self._started, self._first = now, work
        if new or finished or now - self._printed >= SECONDS_BETWEEN_LINES:
            self._printed = now
            print_note(f"  {label}  {_how_far(done, total, now - self._started, self._first.done)}")

    def stage(self, number: int, total: int, title: str, /) -> None:
        self._work = _Work()
        print_note(say("progress.stage", number=number, total=total, title=title))


def _how_far(done: float, total: float | None, elapsed_seconds: float, first: float) -> str:
    """Return how far work is whose first state was ``first``: more than 0 where it goes on from a checkpoint."""
    if not total:
        return say("progress.so_far", done=_number(done), elapsed=duration(elapsed_seconds))
    said = {"done": _number(done), "total": _number(total), "share": f"{done / total:.0%}"}
    if not first < done < total:
        return say("progress.of", **said, elapsed=duration(elapsed_seconds))
    remaining = elapsed_seconds * (total - done) / (done - first)
    return say("progress.remaining", **said, elapsed=duration(elapsed_seconds), remaining=duration(remaining))


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


@contextmanager
def _bars() -> Iterator[ShownProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _Bars(bars)


class _Bars:
    """Draw one bar for all steps, if there are steps, and one for the current work."""

    def __init__(self, bars: Any) -> None:  # noqa: ANN401 - rich is imported late
        self._bars = bars
        self._steps: int | None = None
        self._shown: int | None = None
        self._work = _Work()

    def __call__(self, label: str, done: float, total: float | None, /) -> None:
        work = _Work(label, done, total)
        if self._shown is None or not work.continues(self._work):
            self._clear()
            self._shown = self._bars.add_task(f"  {label}", total=total)
        self._work = work
        self._bars.update(self._shown, description=f"  {label}", completed=done, total=total)

    def stage(self, number: int, total: int, title: str, /) -> None:
        self._clear()
        text = say("progress.stage", number=number, total=total, title=title)
        if self._steps is None:
            self._steps = self._bars.add_task(text, total=total)
        self._bars.update(self._steps, completed=number - 1, description=text)

    def _clear(self) -> None:
        if self._shown is not None:
            self._bars.remove_task(self._shown)
        self._shown = None
