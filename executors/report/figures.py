"""All pictures of a report, by name, in the order in which they are shown."""

import re

from ...knowledge.messages import say
from .bars import difference_dots, metric_bars
from .classified import drawable
from .costs import memory_bars, time_bars
from .curves import learning_curve
from .matrix import confusion_matrix
from .names import NUMBERS, arm_name, field_name, metric_name
from .record import Evaluation, Metrics, Report

Figures = dict[str, str]
"""Pictures by file name without its ending."""


def all_figures(report: Report) -> Figures:
    """Draw every picture."""
    kinds = (comparison_figures, confusion_figures, learning_figures, cost_figures)
    return {name: picture for draw in kinds for name, picture in draw(report).items()}


def comparison_figures(report: Report) -> Figures:
    """Draw each metric of all arms, and beside it by how much the main arm is better than each other one."""
    arms = report.evaluation.arms if report.evaluation else {}
    main = arm_name(report.arm or "")
    figures: Figures = {}
    for metric in _metrics(arms):
        name = metric_name(metric)
        figures[_file("metric", metric)] = metric_bars(name, _by_arm(arms, metric), main)
        differences = _by_arm(report.differences, metric)
        if differences:
            title = say("report.figure.difference", metric=name)
            figures[_file("difference", metric)] = difference_dots(title, differences)
    return figures


def _metrics(arms: dict[str, Metrics]) -> list[str]:
    return list(dict.fromkeys(metric for metrics in arms.values() for metric in metrics if metric not in NUMBERS))


def _by_arm(arms: dict[str, Metrics], metric: str) -> Metrics:
    return {arm_name(arm): metrics[metric] for arm, metrics in arms.items() if metric in metrics}


def learning_figures(report: Report) -> Figures:
    """Draw the learning curve of each fine-tuning."""
    words = [say(f"report.figure.{name}") for name in ("loss", "validation_loss", "kept")]
    return {
        f"learning-{number}": learning_curve(found, say("report.figure.learning", name=found.name), *words)
        for number, found in enumerate(report.measured.training, 1)
        if found.loss or found.validation_loss
    }


def cost_figures(report: Report) -> Figures:
    """Draw memory against its estimate, and time by step."""
    trainings = report.measured.training
    measured = {found.name: found.peak_memory_bytes for found in trainings if found.peak_memory_bytes}
    figures: Figures = {}
    if measured:
        known = report.estimated["memory_bytes"]
        estimated = {name: known[name] for name in measured if name in known}  # 0 measured is nothing measured
        figures["memory"] = memory_bars(measured, estimated, say("report.figure.memory"))
    times = {
        f"{step.number}. {step.name or say(f'steps.{step.kind}.title')}": step.seconds for step in report.measured.steps
    }
    if times:
        figures["time"] = time_bars(times, say("report.figure.time"))
    return figures


def confusion_figures(report: Report) -> Figures:
    """Draw what was answered where something else was right, for each arm and field."""
    found: Evaluation | None = report.evaluation
    words = [say(f"report.figure.{name}") for name in ("right", "found", "none")]
    return {
        _file("confusion", arm, field): confusion_matrix(
            drawable(table), f"{arm_name(arm)} · {field_name(field)}", *words
        )
        for arm, fields in (found.confusion if found else {}).items()
        for field, table in fields.items()
    }


def _file(*words: str) -> str:
    """Return a file name; fields are named by the user."""
    return re.sub(r"[^\w-]+", "_", "-".join(words))
