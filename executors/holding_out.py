"""Hold out rows for measuring: the same share of each class, and no text on both sides."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from .task import ReadRow

Row = TypeVar("Row", bound=ReadRow)


def hold_out(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Return the rows to learn from and the rows to measure on, both in the order of the file.

    Rows with the same text, but for case and white space, count as one. A class with one text keeps it to learn from.

    Args:
        rows: All rows.
        share: Of each class, by a row's first class, where rows have classes; above 0 and below 1.
        seed: Decides which rows.
    """
    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_text[" ".join(row.asked.casefold().split())].append(row)
    by_class: dict[str, list[str]] = defaultdict(list)
    for text, same in by_text.items():
        by_class[next(iter(getattr(same[0], "labels", ())), "")].append(text)
    chance, held = random.Random(f"{seed}/hold out"), set[int]()
    for _, texts in sorted(by_class.items()):
        count = min(max(1, round(share * len(texts))), len(texts) - 1)
        held |= {row.line for text in chance.sample(texts, count) for row in by_text[text]}
    return [row for row in rows if row.line not in held], [row for row in rows if row.line in held]
