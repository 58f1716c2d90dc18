"""What a file of training data holds, in figures: rows, lengths, classes, languages."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..knowledge.json_value import JsonValue
from ..knowledge.text import is_chinese
from .data_check import Checked

SCRIPTS = (
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7a3"),
    ("ru", "\u0400", "\u04ff"),
    ("ar", "\u0600", "\u06ff"),
)
"""Languages that their letters give away, kana before ideographs, as Japanese has both."""


def statistics(checked: Checked, counter: str) -> dict[str, JsonValue]:
    """Return the figures of the rows that can be learnt from.

    Args:
        checked: What a check found.
        counter: What counted the tokens: a model, or ``approximate``.
    """
    rows = checked.rows
    classes = Counter(label for row in rows for label in row.classes)
    found: dict[str, Any] = {
        "usable_rows": len(rows),
        "different_questions": len({row.key for row in rows}),
        "characters": {
            "asked": spread([len(row.asked) for row in rows]),
            "wanted": spread([len(row.wanted) for row in rows]),
        },
        "tokens": {"counted_by": counter, **spread([row.tokens for row in rows])},
        "classes": dict(sorted(classes.items(), key=lambda pair: (-pair[1], pair[0]))),
        "languages": dict(Counter(language(row.asked) for row in rows).most_common()),
        "problems": dict(sorted(Counter(one.kind for one in checked.faults).items())),
    }
    return found


def spread(lengths: Sequence[int]) -> dict[str, int]:
    """Return the least, the middle, the 95th percentile, the greatest and the sum; empty where there are none."""
    if not lengths:
        return {}
    ordered = sorted(lengths)
    places = {"least": 0.0, "median": 0.5, "p95": 0.95, "greatest": 1.0}
    return {name: ordered[round(share * (len(ordered) - 1))] for name, share in places.items()} | {
        "total": sum(ordered)
    }


def language(text: str) -> str:
    """Return the language that a text's letters show; ``latin`` for the many that share those, else ``other``."""
    for name, first, last in SCRIPTS:
        if any(first <= character <= last for character in text):
            return name
    if is_chinese(text):
        return "zh"
    return "latin" if any(character.isalpha() and character < "\u0250" for character in text) else "other"
