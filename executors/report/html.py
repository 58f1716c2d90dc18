"""The report as one printable page that needs no other file."""

from html import escape

from ...knowledge.messages import say
from .classified import class_note, class_table
from .figures import Figures, comparison_figures, confusion_figures, cost_figures, learning_figures
from .names import arm_name
from .page import bullets, page, section
from .record import Example, Report
from .tiles import tiles
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


def render_html(report: Report) -> str:
    """Return the whole page, in the current language."""
    parts = [_head(report), _comparison(report), _section("next", bullets(report.next, "ol"))]
    parts += [_examples(report), _section("confusion", _figures(confusion_figures(report)))]
    parts += [_classes(report), _training(report), _costs(report), _made_with(report)]
    return page(str(report.plan["title"]), parts)


def _head(report: Report) -> str:
    facts = " · ".join(map(escape, about(report)))
    shown = "".join(
        f'<div class="tile card"><span class="muted small">{escape(tile.name)}</span><b>{escape(tile.figure)}</b>'
        f'<span class="muted small">{escape(tile.note)}</span></div>'
        for tile in tiles(report)
    )
    return (
        f'<h1>{escape(str(report.plan["title"]))}</h1>\n<p class="muted">{facts}</p>\n'
        f'<div class="card verdict"><p>{escape(verdict(report))}</p></div>\n<div class="tiles">{shown}</div>'
    )


def _section(name: str, *contents: str) -> str:
    return section(say(f"report.section.{name}"), *contents)


def _figures(figures: Figures) -> str:
    shown = "\n".join(f'<figure class="card">{picture}</figure>' for picture in figures.values())
    return f'<div class="figures">{shown}</div>' if shown else ""


def _table(table: Table) -> str:
    def cells(row: list[str], tag: str) -> str:
        kinds = ["", *[' class="number"'] * (len(row) - 1)]
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in zip(row, kinds, strict=True))

    rows = "".join(
        f"<tr{' class=main' if number == table.main else ''}>{cells(row, 'td')}</tr>"
        for number, row in enumerate(table.rows)
    )
    return f'<div class="card wide"><table><tr>{cells(table.head, "th")}</tr>{rows}</table></div>'


def _comparison(report: Report) -> str:
    if report.evaluation is None:
        return ""
    note = f'<p class="muted small">{escape(say("report.note.intervals"))}</p>'
    fields, recall = field_table(report), recall_table(report)
    compared = _section(
        "comparison",
        note,
        _figures(comparison_figures(report)),
        _table(arm_table(report)),
        *(f'<p class="muted small">{escape(text)}</p>' for text in score_notes(report)),
    )
    by_field = _section("fields", _table(fields) if fields else "")
    return compared + by_field + _section("retrieval", _table(recall) if recall else "")


def _examples(report: Report) -> str:
    shown = report.evaluation.examples if report.evaluation else []
    note = f'<p class="muted small">{escape(say("report.note.examples"))}</p>'
    return _section("examples", note, *map(_example, shown)) if shown else ""


def _example(example: Example) -> str:
    rows = [(say("report.table.gold"), example.answer, "right")]
    rows += [(arm_name(arm), answer, "") for arm, answer in example.answers.items()]
    shown = "".join(
        f'<tr class="{kind}"><th>{escape(name)}</th><td>{escape(answer)}</td></tr>' for name, answer, kind in rows
    )
    passages = "".join(f"<p>{escape(passage)}</p>" for passage in example.passages)
    if passages:
        passages = f"<details><summary>{escape(say('report.table.passages'))}</summary>{passages}</details>"
    return f'<div class="card example"><h3>{escape(example.question)}</h3><table>{shown}</table>{passages}</div>'


def _classes(report: Report) -> str:
    shown = [f"<p>{escape(class_note(found))}</p>{_table(class_table(found))}" for found in report.classified]
    return _section("classes", *shown)


def _training(report: Report) -> str:
    if not report.measured.training:
        return ""
    return _section("training", _table(training_table(report)), _figures(learning_figures(report)))


def _costs(report: Report) -> str:
    return _section("costs", _figures(cost_figures(report)))


def _made_with(report: Report) -> str:
    kept = f"<p>{escape(say('report.note.artefacts'))}</p>" + bullets(report.artefacts) if report.artefacts else ""
    return _section("artefacts", kept) + _section("machine", bullets(machine_lines(report)))
