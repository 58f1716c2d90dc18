"""The report as Markdown, with its pictures as files beside it."""

import re
from collections.abc import Iterable

from ...knowledge.messages import say
from .classified import class_note, class_table
from .figures import (
    Figures,
    comparison_figures,
    confusion_figures,
    cost_figures,
    learning_figures,
)
from .names import arm_name
from .record import Example, Report
from .wording import (
    Table,
    about,
    arm_table,
    field_table,
    machine_lines,
    recall_table,
    score_notes,
    training_table,
    verdict,
)

FIGURES = "figures"
"""Folder of the pictures, beside the report."""


def render_markdown(report: Report) -> str:
    """Return the whole report, in the current language."""
    parts = [
        f"# {_line(str(report.plan['title']))}",
        " · ".join(map(_line, about(report))),
        f"**{_line(verdict(report))}**",
    ]
    parts += _comparison(report)
    parts += [_heading("next"), _numbered(report.next), *_examples(report)]
    parts += _pictures("confusion", confusion_figures(report))
    parts += [_heading("classes")] if report.classified else []
    for found in report.classified:
        parts += [_line(class_note(found)), _table(class_table(found))]
    if report.measured.training:
        parts += [_heading("training"), _table(training_table(report)), *map(_picture, learning_figures(report))]
    parts += _pictures("costs", cost_figures(report))
    parts += [_heading("artefacts"), _listed(f"`{path}`" for path in report.artefacts)] if report.artefacts else []
    parts += [_heading("machine"), _listed(machine_lines(report))]
    return "\n\n".join(parts) + "\n"


def _comparison(report: Report) -> list[str]:
    if report.evaluation is None:
        return []
    parts = [_heading("comparison"), say("report.note.intervals"), _table(arm_table(report))]
    parts += map(_line, score_notes(report))
    parts += map(_picture, comparison_figures(report))
    for name, table in (("fields", field_table(report)), ("retrieval", recall_table(report))):
        parts += [_heading(name), _table(table)] if table else []
    return parts


def _examples(report: Report) -> list[str]:
    shown = report.evaluation.examples if report.evaluation else []
    return [_heading("examples"), say("report.note.examples"), *map(_example, shown)] if shown else []


def _example(example: Example) -> str:
    rows = [[say("report.table.gold"), example.answer]]
    rows += [[arm_name(arm), answer] for arm, answer in example.answers.items()]
    return f"### {_line(example.question)}\n\n" + _table(
        Table([say("report.table.arm"), say("report.table.answer")], rows)
    )


def _pictures(section: str, figures: Figures) -> list[str]:
    return [_heading(section), *map(_picture, figures)] if figures else []


def _picture(name: str) -> str:
    return f"![{name}]({FIGURES}/{name}.svg)"


def _heading(section: str) -> str:
    return f"## {say(f'report.section.{section}')}"


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _numbered(items: list[str]) -> str:
    return "\n".join(f"{number}. {_line(item)}" for number, item in enumerate(items, 1))


def _table(table: Table) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join("| " + " | ".join(map(_line, line)) + " |" for line in lines)


def _line(text: str) -> str:
    """Return a text as one line that Markdown shows as it is, and that keeps inside its table cell."""
    plain = re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)
    return re.sub(r"\s*\n\s*", "<br>", plain.strip())
