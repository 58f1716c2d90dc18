"""How many rows a plan holds out where there is no file to measure on: as many as the advised experiment wants."""

LEAST, MOST = 0.1, 0.2
"""Shares of the rows: the article holds out 10 to 15 %, and of few rows 10 % are a handful."""


def held_share(wanted: int, rows: int | None) -> float:
    """Return the share of the rows to hold out.

    Args:
        wanted: How many rows the advised experiment measures on.
        rows: How many there are; None or 0 when unknown.
    """
    return min(MOST, max(LEAST, round(wanted / rows, 2))) if rows else LEAST
