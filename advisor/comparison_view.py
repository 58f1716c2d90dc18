"""Show how the ways to answer compare, with 95 % intervals: a column per metric, or a line for each if too wide."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from ..executors.report.names import arm_name, metric_name
from ..executors.report.record import Evaluation, Interval
from ..executors.report.wording import with_interval
from ..knowledge.messages import say
from .wrapping import wrap

Figures = list[tuple[str, str]]
"""Names of columns, and what stands in them."""

FRAME = 3
"""Columns of the screen that a table's lines and margins take beside each of its own."""


def print_arms(evaluation: Evaluation, main: str, console: Console, title: str | None = None) -> None:
    """Print the comparison.

    Args:
        evaluation: What the step ``evaluate`` or ``measure`` found.
        main: The arm that the plan is about; each other row says how far it is ahead.
        console: Where to print.
        title: What stands above it; the number of rows unless said otherwise.
    """
    found = {arm: list(_figures(evaluation, arm, main)) for arm in evaluation.arms}
    title = title or say("evaluation.table", rows=evaluation.rows)
    widths = _widths(found, console.width)
    console.print(_wide(found, main, title, widths) if widths else _narrow(found, main, title))


def _figures(evaluation: Evaluation, arm: str, main: str) -> Iterator[tuple[str, str]]:
    measured, metrics = evaluation.arms[arm], list(evaluation.arms[main])
    for metric in metrics:
        yield metric_name(metric), with_interval(metric, measured[metric]) if metric in measured else ""
    lead = evaluation.differences.get(arm, {}).get(metrics[0])
    ahead = say("evaluation.ahead", arm=arm_name(main), metric=metric_name(metrics[0]))
    yield ahead, _points(lead) if lead else ""


def _widths(found: dict[str, Figures], whole: int) -> list[int]:
    """Return how wide each column is: its cells stay whole, and its name as far as there is room.

    Args:
        found: What stands in the columns.
        whole: Columns of the screen.

    Returns:
        Nothing where the table is wider than the screen even with names broken wherever they may be.
    """
    names = [say("evaluation.arm"), *(name for name, _ in next(iter(found.values())))]
    rows = [[arm_name(arm), *(text for _, text in figures)] for arm, figures in found.items()]
    columns = list(zip(names, *rows, strict=True))
    widths = [max(map(cell_len, [*wrap(name, 1).split("\n"), *cells])) for name, *cells in columns]
    room = whole - sum(widths) - FRAME * len(widths) - 1
    if room < 0:
        return []
    for number, column in enumerate(columns):
        wider = min(room, max(map(cell_len, column)) - widths[number])
        widths[number] += wider
        room -= wider
    return widths


def _wide(found: dict[str, Figures], main: str, title: str, widths: list[int]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(wrap(say("evaluation.arm"), widths[0]), width=widths[0])
    for (name, _), width in zip(found[main], widths[1:], strict=True):
        table.add_column(wrap(name, width), justify="right", width=width)
    for arm, figures in found.items():
        table.add_row(arm_name(arm), *(text for _, text in figures), style="bold" if arm == main else None)
    return table


def _narrow(found: dict[str, Figures], main: str, title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for justify in ("left", "left", "right"):
        table.add_column(justify=justify, overflow="fold")
    for arm, figures in found.items():
        shown = [(name, text) for name, text in figures if text]
        for number, (name, text) in enumerate(shown, 1):
            style = "bold" if arm == main else None
            first, last = arm_name(arm) if number == 1 else "", number == len(shown)
            table.add_row(first, name, text, style=style, end_section=last)
    return table


def _points(found: Interval) -> str:
    return f"{100 * found.value:+.0f} [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"
