"""What to do next: each piece of advice fires on a measured fact and names its figures."""

import shlex
from collections.abc import Iterator

from ...knowledge.messages import say
from ...knowledge.quantity import share
from .names import arm_name, field_name, listed, metric_name
from .record import Confusion, Evaluation, Interval, Training

CONTROL = "shuffled"
BASELINE = "majority"
CLASSES = "sequence_classification"
COLLAPSED = "collapsed"
"""A guard; of a model that broke down, nothing is said about how long it should learn."""

FEW_ROWS = 100
FEW_MISTAKES = 3
GOOD_RECALL = 0.9
GOOD_FORMAT = 0.95
EARLY, LATE = 0.6, 0.95
MOVED = 1.01
"""Times another validation loss; with less between them, neither a rise nor a fall is spoken of."""

MOST_ROWS = 10_000
FORM = ("exact", "format", "valid_json", "keeps_schema", "allowed_answer")


def next_steps(arm: str | None, evaluation: Evaluation | None, training: list[Training]) -> list[str]:
    """Return the advice that the measurements give, the most important first, in the current language.

    Args:
        arm: The arm that the plan is about.
        evaluation: The comparison of the arms, if there was one.
        training: What the fine-tunings took.
    """
    advice: list[str] = []
    if evaluation and arm:
        heads = any(found.task == CLASSES for found in training)
        advice += _rivals(arm, evaluation)
        advice += _control(evaluation)
        advice += _retrieval(arm, evaluation)
        advice += (heads and _one_answer(arm, evaluation)) or _mistakes(arm, evaluation)
        advice += _format(arm, evaluation)
        advice += _rows(evaluation)
    elif training:
        advice += dict.fromkeys(map(_measuring, training))
    for found in training:
        advice += [say("report.next.advised", name=found.name, text=one.text, fix=one.fix) for one in found.advice]
        advice += _stopping(found)
    return advice or [say("report.next.done")]


def _measuring(training: Training) -> str:
    """Return how to measure what was trained: only answers of a language model compare with prompting and RAG."""
    if training.task == "causal_lm" or training.adapter is None:
        return say("report.next.evaluate")
    return say("report.next.measure", adapter=shlex.quote(training.adapter))


def primary_metric(evaluation: Evaluation) -> str:
    """Return the metric that decides: the first one that is not about form, or the only one."""
    metrics = list(next(iter(evaluation.arms.values())))
    return next((metric for metric in metrics if metric not in FORM), metrics[0])


def gap(interval: Interval) -> str:
    """Return how far apart two shares are, in percentage points without a sign, such as ``12 [6, 18]``."""
    ends = sorted(abs(100 * end) for end in (interval.low, interval.high))
    return f"{abs(100 * interval.value):.0f} [{ends[0]:.0f}, {ends[1]:.0f}]"


def points(interval: Interval) -> str:
    """Return a difference of shares in percentage points with its interval, such as ``+12 [+6, +18]``."""
    value, low, high = (f"{round(100 * part):+d}" for part in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def _rivals(arm: str, evaluation: Evaluation) -> Iterator[str]:
    metric = primary_metric(evaluation)
    names = {"arm": arm_name(arm), "metric": metric_name(metric)}
    found = {
        arm_name(other): differences[metric]
        for other, differences in evaluation.differences.items()
        if other != CONTROL and metric in differences
    }
    guessing = arm_name(BASELINE)
    for other, difference in found.items():
        if difference.high < 0:
            key = "report.next.worse_than_guessing" if other == guessing else "report.next.worse"
            yield say(key, points=gap(difference), other=other, **names)
    unclear = {other: difference for other, difference in found.items() if difference.low <= 0 <= difference.high}
    if unclear:
        rows = max(_rows_needed(difference, evaluation.rows) for difference in unclear.values())
        needed = f"~{rows:,}" if rows <= MOST_ROWS else f">{MOST_ROWS:,}"
        yield say("report.next.unproven", others=listed(list(unclear)), rows=needed, **names)


def _rows_needed(difference: Interval, rows: int) -> int:
    """Return how many rows would put the interval beyond zero: its width shrinks with the root of their number."""
    half = (difference.high - difference.low) / 2
    if abs(difference.value) <= half / 100:
        return MOST_ROWS + 1
    return max(rows, 10 * round(rows * (half / difference.value) ** 2 / 10))


def _control(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.differences.get(CONTROL, {}).get(primary_metric(evaluation))
    if found is not None and found.low <= 0:
        yield say("report.next.ignores_passages", points=points(found))


def _retrieval(arm: str, evaluation: Evaluation) -> Iterator[str]:
    recall = evaluation.retrieval.recall
    served = min(evaluation.retrieval.top_k or 0, max(recall, default=0))
    if arm not in ("rag", "combined") or served not in recall or recall[served] >= GOOD_RECALL:
        return
    enough = next((k for k in sorted(recall) if recall[k] >= GOOD_RECALL), None)
    if enough is None:
        yield say("report.next.retrieval", share=share(recall[served]), k=served)
    else:
        yield say("report.next.top_k", share=share(recall[served]), k=served, enough=enough, then=share(recall[enough]))


def _one_answer(arm: str, evaluation: Evaluation) -> list[str]:
    """Say that all rows of several classes were given the same one; which of them are wrong tells nothing then."""
    advice = []
    for table in evaluation.confusion.get(arm, {}).values():
        rows = {right: sum(counts.values()) for right, counts in table.items()}
        given = {found for counts in table.values() for found, count in counts.items() if count}
        if len(given) == 1 and sum(count > 0 for count in rows.values()) > 1:
            names = {"arm": arm_name(arm), "found": given.pop(), "count": sum(rows.values())}
            advice.append(say("report.next.one_answer", **names))
    return advice


def _mistakes(arm: str, evaluation: Evaluation) -> Iterator[str]:
    for field, table in evaluation.confusion.get(arm, {}).items():
        worst = _worst(table)
        if worst:
            right, found, count, of = worst
            names = {"field": field_name(field), "right": right, "count": count, "of": of}
            if found == "-":
                yield say("report.next.no_value", **names)
            else:
                yield say("report.next.confused", found=found, **names)


def _worst(table: Confusion) -> tuple[str, str, int, int] | None:
    wrong = [
        (right, found, count, sum(row.values()))
        for right, row in table.items()
        for found, count in row.items()
        if found != right and count >= FEW_MISTAKES
    ]
    return max(wrong, key=lambda mistake: mistake[2], default=None)


def _format(arm: str, evaluation: Evaluation) -> Iterator[str]:
    kept = evaluation.arms[arm].get("format")
    if kept is not None and kept.value < GOOD_FORMAT:
        yield say("report.next.format", share=share(kept.value))


def _rows(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.rows < FEW_ROWS:
        yield say("report.next.few_rows", rows=evaluation.rows)


def _stopping(training: Training) -> Iterator[str]:
    best, losses = training.best_step, training.validation_loss
    if best is None or len(losses) < 2 or any(one.kind == COLLAPSED for one in training.advice):
        return
    names = {"name": training.name, "best": best, "steps": training.steps}
    lowest, last = min(loss for _, loss in losses), losses[-1][1]
    earlier = min((loss for step, loss in losses if step < best), default=lowest)
    if best <= EARLY * training.steps and len(losses) > 2:
        yield say("report.next.too_long" if last > MOVED * lowest else "report.next.levelled", **names)
    elif best >= LATE * training.steps and earlier > MOVED * lowest:
        yield say("report.next.too_short", **names)
