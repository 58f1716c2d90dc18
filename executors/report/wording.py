"""The sentences and tables that the HTML and the Markdown report share."""

from dataclasses import dataclass

from ...knowledge.messages import say
from ...knowledge.quantity import duration, share, size
from .names import NUMBERS, arm_name, label_name, method_name, metric_name
from .next_steps import CONTROL, gap, points, primary_metric
from .record import Evaluation, Interval, Report, Training


@dataclass(frozen=True)
class Table:
    """Hold a table of texts.

    Attributes:
        main: Which row stands out, from 0, if any.
    """

    head: list[str]
    rows: list[list[str]]
    main: int | None = None


def verdict(report: Report) -> str:
    """Return the one sentence that a reader in a hurry needs."""
    if report.evaluation is None or report.arm is None:
        return say("report.verdict.not_compared")
    metric = primary_metric(report.evaluation)
    names = {"arm": arm_name(report.arm), "metric": metric_name(metric), "rows": report.evaluation.rows}
    value = with_interval(metric, report.metrics["test"][metric])
    rivals = {arm: found[metric] for arm, found in report.differences.items() if arm != CONTROL and metric in found}
    if not rivals:
        return say("report.verdict.alone", value=value, **names)
    closest = min(rivals, key=lambda arm: rivals[arm].value)
    found = rivals[closest]
    kind = "better" if found.low > 0 else "worse" if found.high < 0 else "unclear"
    apart = points(found) if kind == "unclear" else gap(found)
    return say(f"report.verdict.{kind}", value=value, other=arm_name(closest), points=apart, **names)


def with_interval(metric: str, found: Interval) -> str:
    """Return a share with its interval, such as ``87 % [82, 91]``; a metric that is no share as a number."""
    if metric in NUMBERS:
        return f"{found.value:.4g} [{found.low:.4g}, {found.high:.4g}]"
    return f"{share(found.value)} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def about(report: Report) -> list[str]:
    """Return what was run, on what, and when it was said."""
    plan = report.plan
    found = [say("report.about.path", label=label_name(str(plan["label"])))]
    if plan["model"]:
        found.append(say("report.about.model", model=plan["model"]["source"]))
    if report.evaluation:
        found.append(say("report.about.rows", rows=report.evaluation.rows))
    return [*found, say("report.about.seed", seed=plan["seed"], knowledge=plan["knowledge"])]


def arm_table(report: Report) -> Table:
    """Return all metrics of all arms."""
    assert report.evaluation is not None
    arms = report.evaluation.arms
    metrics = list(dict.fromkeys(metric for found in arms.values() for metric in found))
    seconds = report.evaluation.seconds
    rows = [
        [
            arm_name(arm),
            *(with_interval(metric, found[metric]) if metric in found else "" for metric in metrics),
            duration(seconds[arm]) if arm in seconds else "",
        ]
        for arm, found in arms.items()
    ]
    head = [say("report.table.arm"), *map(metric_name, metrics), say("report.table.answering")]
    return Table(head, rows, list(arms).index(report.arm) if report.arm in arms else None)


def field_table(report: Report) -> Table | None:
    """Return how often each field of JSON answers was right in each arm, if the right answers are JSON objects."""
    arms = {arm: found for arm, found in (report.evaluation.json_fields if report.evaluation else {}).items() if found}
    if not arms:
        return None
    names = dict.fromkeys(name for found in arms.values() for name in found)
    rows = [[name, *(with_interval(name, found[name]) for found in arms.values())] for name in names]
    return Table([say("report.table.field"), *map(arm_name, arms)], rows)


def score_notes(report: Report) -> list[str]:
    """Return how the metrics that others publish, too, were computed, and what the arms were shown."""
    found = report.evaluation
    if found is None:
        return []
    signed = [
        say("report.note.signature", metric=metric_name(name), text=text) for name, text in found.signatures.items()
    ]
    counts = say("advice.comma").join(f"{arm_name(arm)} {count}" for arm, count in found.shown.items())
    shown = [say("report.note.shown", counts=counts)] if counts else []
    return [*signed, *shown, *answer_notes(found)]


def answer_notes(found: Evaluation) -> list[str]:
    """Return how many answers of which arms were cut off or say nothing."""
    cut = [say("report.note.cut", arm=arm_name(arm), count=count) for arm, count in found.cut.items() if count]
    empty = [say("report.note.empty", arm=arm_name(arm), count=count) for arm, count in found.empty.items() if count]
    return [*cut, *empty]


def training_table(report: Report) -> Table:
    """Return what each fine-tuning took."""
    names = ("name", "method", "trainable", "steps", "best", "speed", "time", "memory", "general")
    rows = [_training_row(found) for found in report.measured.training]
    return Table([say(f"report.table.{name}") for name in names], rows)


def _training_row(found: Training) -> list[str]:
    part = share_of(found.trainable_parameters, found.total_parameters)
    return [
        found.name,
        method_name(found.method),
        f"{found.trainable_parameters:,} ({part})",
        f"{found.steps:,}",
        "" if found.best_step is None else f"{found.best_step:,}",
        "" if found.tokens_per_second is None else f"{found.tokens_per_second:,.0f}",
        duration(found.seconds),
        "" if not found.peak_memory_bytes else size(found.peak_memory_bytes),
        f"{found.general_loss.before:.2f} → {found.general_loss.after:.2f}" if found.general_loss else "",
    ]


def share_of(part: int, whole: int) -> str:
    """Return a small share with two digits, such as ``0.62 %``, and all of them as ``100 %``."""
    if not whole:
        return ""
    percent = 100 * part / whole
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"


def recall_table(report: Report) -> Table | None:
    """Return how often the passage with the answer was among the first k, if that was measured."""
    recall = report.evaluation.retrieval.recall if report.evaluation else {}
    if not recall:
        return None
    return Table(
        [say("report.table.k"), *map(str, recall)], [[say("report.table.recall"), *map(share, recall.values())]]
    )


def machine_lines(report: Report) -> list[str]:
    """Return what the run was made with."""
    environment = report.environment
    packages, machine, threads = (environment.get(name) or {} for name in ("packages", "machine", "threads"))
    assert isinstance(packages, dict)
    assert isinstance(machine, dict)
    assert isinstance(threads, dict)
    versions = ", ".join(f"{name} {number}" for name, number in packages.items())
    memory = machine.get("memory_bytes")
    return [
        f"Python {environment.get('python')}, {versions}",
        say(
            "report.machine",
            system=machine.get("system"),
            cores=threads.get("usable"),
            memory=size(memory) if isinstance(memory, int) else "?",
        ),
    ]
