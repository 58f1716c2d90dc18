"""Show how the ways to answer compare: one row each, one column per metric, with 95 % intervals."""

from rich.console import Console
from rich.table import Table

from ..executors.report.names import arm_name, metric_name
from ..executors.report.record import Evaluation, Interval
from ..executors.report.wording import with_interval
from ..knowledge.messages import say


def print_arms(evaluation: Evaluation, main: str, console: Console, title: str | None = None) -> None:
    """Print the comparison.

    Args:
        evaluation: What the step ``evaluate`` or ``measure`` found.
        main: The arm that the plan is about; each other row says how far it is ahead.
        console: Where to print.
        title: What stands above it; the number of rows unless said otherwise.
    """
    metrics = list(evaluation.arms[main])
    table = Table(title=title or say("evaluation.table", rows=evaluation.rows), title_justify="left")
    table.add_column(say("evaluation.arm"))
    for metric in metrics:
        table.add_column(metric_name(metric), justify="right")
    ahead = say("evaluation.ahead", arm=arm_name(main), metric=metric_name(metrics[0]))
    table.add_column(ahead, justify="right")
    for arm, measured in evaluation.arms.items():
        figures = [with_interval(metric, measured[metric]) if metric in measured else "" for metric in metrics]
        lead = evaluation.differences.get(arm, {}).get(metrics[0])
        style = "bold" if arm == main else None
        table.add_row(arm_name(arm), *figures, _points(lead) if lead else "", style=style)
    console.print(table)


def _points(found: Interval) -> str:
    return f"{100 * found.value:+.0f} [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"
