"""What the small classifiers of a run measured, as the report compares and lists it."""

from collections.abc import Sequence

from ...knowledge.messages import say
from ...knowledge.quantity import share
from .next_steps import BASELINE
from .record import Classified, Confusion, Evaluation
from .wording import Table

SHOWN_CLASSES = 20
DRAWN_CLASSES = 10
FIELD = "label"


def comparison_of(found: Sequence[Classified]) -> Evaluation | None:
    """Return the last classifier beside the baseline and the earlier ones that were measured on the same rows."""
    if not found:
        return None
    last = found[-1]
    shown = [each for each in found[:-1] if each.name in last.differences] + [last]
    return Evaluation(
        rows=last.rows["test"],
        arms={BASELINE: last.baseline} | {each.name: each.metrics for each in shown},
        differences=last.differences,
        confusion={each.name: {FIELD: each.confusion} for each in shown if each.confusion is not None},
        seconds={each.name: each.seconds["answer"] for each in shown},
    )


def class_table(found: Classified) -> Table:
    """Return the classes with the lowest F1 first."""
    names = ("class", "precision", "recall", "f1", "held_out", "learnt_from")
    listed = sorted(found.per_class, key=lambda one: (one.f1, one.label))[:SHOWN_CLASSES]
    rows = [
        [one.label, share(one.precision), share(one.recall), share(one.f1), str(one.support), str(one.learnt_from)]
        for one in listed
    ]
    return Table([say(f"report.classes.{name}") for name in names], rows)


def class_note(found: Classified) -> str:
    """Return how many classes there are and how many are listed."""
    shown = min(SHOWN_CLASSES, len(found.per_class))
    return say("report.classes.note", name=found.name, shown=shown, classes=len(found.per_class))


def drawable(table: Confusion) -> Confusion:
    """Return a table that can be drawn: of many classes those with the most mistakes, and every count in its place."""
    columns = next(iter(table.values())).keys()
    if len(table) <= DRAWN_CLASSES and all(counts.keys() == columns for counts in table.values()):
        return table
    mistakes = dict.fromkeys(table, 0)
    for right, counts in table.items():
        for found, count in counts.items():
            if found != right:
                mistakes[right] += count
                mistakes[found] = mistakes.get(found, 0) + count
    worst = sorted(mistakes, key=lambda name: -mistakes[name])[:DRAWN_CLASSES]
    kept = [name for name in table if name in worst]
    shown = [*kept, *(["-"] if any("-" in counts for counts in table.values()) else [])]
    return {right: {found: table[right].get(found, 0) for found in shown} for right in kept}
