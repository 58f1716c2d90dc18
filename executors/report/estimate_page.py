"""An estimate as one printable page that needs no other file and runs no script."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ...knowledge.messages import say
from ..estimate.result import Estimate
from .costs import size_bars
from .page import bullets, page, section

GIB = 2**30
Rows = Sequence[Sequence[str]]


def estimate_page(
    title: str, answer: Estimate, fits: Iterable[str], remedies: Mapping[str, Sequence[str]], lines: Iterable[str]
) -> str:
    """Return the page of one estimate, in the current language.

    Args:
        title: What was estimated, and for how many GPUs.
        answer: The figures.
        fits: A sentence per device.
        remedies: What would make it fit, in order, by a heading.
        lines: What was assumed.
    """
    parts = {say(f"estimate.part.{part.name}"): part.bytes for part in answer.breakdown}
    parts[say("estimate.part.device")] = answer.peak.device_bytes - answer.peak.allocated_bytes
    figure = f'<figure class="card">{size_bars(parts, say("estimate.page.breakdown"))}</figure>'
    sections = [_tiles(answer), _section("breakdown", f'<div class="figures">{figure}</div>')]
    sections.append(_section("fits", bullets(fits)))
    for heading, changes in remedies.items():
        sections.append(section(heading, bullets(changes, "ol")))
    sections.append(_section("assumed", bullets(lines)))
    return _page(title, sections)


def comparison_page(title: str, head: Sequence[str], rows: Rows, sizes: Mapping[str, int], notes: Iterable[str]) -> str:
    """Return the page of all methods side by side.

    Args:
        title: What is compared.
        head: The columns' names.
        rows: One row per method.
        sizes: Bytes by method, for the picture.
        notes: What holds for all, and what is missing.
    """
    figure = f'<figure class="card">{size_bars(sizes, say("estimate.page.memory"))}</figure>' if sizes else ""
    body = "".join("<tr>" + "".join(_cell(number, cell) for number, cell in enumerate(row)) + "</tr>" for row in rows)
    names = "".join(
        f"<th{'' if number == 0 else ' class=number'}>{escape(name)}</th>" for number, name in enumerate(head)
    )
    table = f'<div class="card wide"><table><tr>{names}</tr>{body}</table></div>'
    return _page(title, [f'<div class="figures">{figure}</div>', table, _section("assumed", bullets(notes))])


def _cell(number: int, cell: str) -> str:
    return f"<td{'' if number == 0 else ' class=number'}>{escape(cell)}</td>"


def _tiles(answer: Estimate) -> str:
    peak = answer.peak
    between = say("estimate.page.between", low=f"{peak.low_bytes / GIB:.2f}", high=f"{peak.high_bytes / GIB:.2f}")
    tiles = [(say("estimate.page.peak"), f"{peak.device_bytes / GIB:.2f} GiB", between)]
    share = answer.trainable_parameters / answer.parameters
    tiles.append((say("estimate.column.trained"), f"{share:.2%}", f"{answer.trainable_parameters:,}"))
    if answer.time and answer.time.run_hours:
        low, likely, high = answer.time.run_hours
        tiles.append((say("estimate.column.hours"), f"{likely:.1f}", f"{low:.1f} – {high:.1f}"))
    if answer.cost and answer.cost.run:
        low, likely, high = answer.cost.run
        tiles.append((say("estimate.column.usd"), f"{likely:.2f}", f"{low:.2f} – {high:.2f}"))
    shown = "".join(
        f'<div class="tile card"><span class="muted small">{escape(name)}</span><b>{escape(figure)}</b>'
        f'<span class="muted small">{escape(note)}</span></div>'
        for name, figure, note in tiles
    )
    return f'<div class="tiles">{shown}</div>'


def _section(name: str, inside: str) -> str:
    return section(say(f"estimate.page.{name}"), inside)


def _page(title: str, sections: Iterable[str]) -> str:
    return page(title, [f"<h1>{escape(title)}</h1>", *sections])
