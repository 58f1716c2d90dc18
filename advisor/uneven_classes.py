"""Say with a plan that one class has many times the rows of another, and which loss is for that."""

from collections import Counter
from collections.abc import Iterator

from ..executors.layout import lacking, layout
from ..executors.raw_rows import Read
from ..knowledge.messages import say

UNEVEN = 8
"""Times the rows of the rarest class: with so many more, the most frequent one outweighs it in every update."""


def class_sizes(read: Read) -> Counter[str]:
    """Return how many rows each class has; broken rows, and those of other layouts, do not count."""
    own = layout("labelled")
    texts = [row.values for row in read[0] if not lacking("labelled", row.values.keys())]
    return Counter(label for values in texts if not any(own.wrong(values)) for label in own.classes(values))


def uneven_classes(read: Read) -> Iterator[str]:
    """Yield the most and the least frequent class and what to try, where they are far apart.

    Args:
        read: Rows to learn from; broken ones do not count.
    """
    ordered = class_sizes(read).most_common()
    if ordered and ordered[0][1] >= UNEVEN * ordered[-1][1]:
        most, least = (f"{label} ({count})" for label, count in (ordered[0], ordered[-1]))
        yield say("planning.uneven", most=most, least=least)
