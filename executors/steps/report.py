"""Step ``report``: say what was measured, for people and for programs."""

from typing import Literal

from ...knowledge.durable import write_json, write_text
from ...knowledge.messages import speaking
from ..report.build import build_report
from ..report.figures import all_figures
from ..report.html import render_html
from ..report.markdown import FIGURES, render_markdown
from ..report.svg import with_style
from ..step import Result, StepContext, StepOptions


class Options(StepOptions):
    """A report has no options: it shows all that the earlier steps measured, in the plan's language."""

    kind: Literal["report"] = "report"


def execute(options: Options, context: StepContext) -> Result:
    """Write ``report.json``, ``report.md`` with its pictures, and ``report.html`` into the run."""
    folder = context.run_folder
    with speaking(context.plan.language):
        report = build_report(context)
        folder.joinpath(FIGURES).mkdir(exist_ok=True)
        for name, picture in all_figures(report).items():
            write_text(folder / FIGURES / f"{name}.svg", with_style(picture))
        write_text(folder / "report.md", render_markdown(report))
        write_text(folder / "report.html", render_html(report))
    write_json(folder / "report.json", report.model_dump(mode="json"))
    return {"next": list(report.next)}
