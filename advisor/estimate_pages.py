"""Write estimates as pages for browsers and paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..executors.estimate.compare import Compared
from ..executors.estimate.remedies import Remedy
from ..executors.estimate.result import Estimate
from ..knowledge.durable import write_text
from ..knowledge.messages import say
from .capacity_view import after, change_cost
from .estimate_view import estimate_title, verdict
from .methods_view import comparison_cells, comparison_head, comparison_notes, shared_among


def write_estimate_page(path: Path, answer: Estimate, found: Mapping[str, Sequence[Remedy]]) -> None:
    """Write the page of one estimate.

    Args:
        path: The file; its folder must exist.
        answer: What was estimated.
        found: The changes after which the run fits, by GPU.
    """
    from ..executors.report.estimate_page import estimate_page

    changes = {
        say("estimate.view.remedies", gpu=gpu): [
            say("estimate.view.change_page", change=after(remedy), cost=change_cost(remedy.change))
            for remedy in remedies
        ]
        for gpu, remedies in found.items()
        if remedies
    }
    lines = [say("estimate.view.assumed", stack=answer.stack["name"]), *answer.assumptions]
    write_text(path, estimate_page(estimate_title(answer), answer, map(verdict, answer.fits), changes, lines))


def write_comparison_page(path: Path, model: str, found: Sequence[Compared]) -> None:
    """Write the page of all methods side by side.

    Args:
        path: The file; its folder must exist.
        model: What is trained.
        found: The methods, the one that needs least first.
    """
    from ..executors.report.estimate_page import comparison_page

    answers = [one.estimate for one in found if one.estimate is not None]
    rows = [list(comparison_cells(answer)) for answer in answers]
    sizes = {answer.method: answer.peak.device_bytes for answer in answers}
    title = " · ".join((say("estimate.page.compare", model=model), *shared_among(answers)))
    write_text(path, comparison_page(title, comparison_head(answers), rows, sizes, comparison_notes(found)))
