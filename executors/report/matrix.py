"""A confusion matrix: what was right across what was answered."""

from .record import Confusion
from .svg import box, drawing, text, width_of

CELL = 46
HEIGHT = 30
TOP = 62


def confusion_matrix(table: Confusion, title: str, right: str, found: str, none: str) -> str:
    """Draw one table of counts; the darker a cell, the larger its share of its row.

    Args:
        table: Counts by right value and value found, ``-`` for none.
        title: Whose and of which field.
        right: What the rows are.
        found: What the columns are.
        none: What to call an answer without a value.
    """
    columns = list(next(iter(table.values())))
    names = [none if column == "-" else column for column in columns]
    left = max(width_of(name) for name in [right, *table]) + 16
    cell = max(CELL, *(width_of(name) + 14 for name in names))
    parts = [text(0, 16, title, "strong"), text(left, 38, f"{found} →", "soft small"), text(0, 56, right, "soft small")]
    parts += [text(left + cell * (place + 0.5), 56, name, "small", "middle") for place, name in enumerate(names)]
    for row, (name, counts) in enumerate(table.items()):
        y = TOP + HEIGHT * row
        parts.append(text(left - 10, y + 19, name, "", "end"))
        for place, column in enumerate(columns):
            parts += _cell(left + cell * place, y, cell, counts[column], sum(counts.values()), column == name)
    return drawing(left + cell * len(columns) + 2, TOP + HEIGHT * len(table) + 6, parts, title)


def _cell(x: float, y: float, width: float, count: int, of: int, right: bool) -> list[str]:
    share = count / of if of else 0.0
    ground = box(x + 1, y + 1, width - 2, HEIGHT - 2, "grid-cell")
    colour = box(x + 1, y + 1, width - 2, HEIGHT - 2, "main" if right else "second", f'opacity="{share:.2f}"')
    kind = "on" if share > 0.6 else "soft" if not count else ""
    return [ground, colour, text(x + width / 2, y + 19, str(count), kind, "middle")]
