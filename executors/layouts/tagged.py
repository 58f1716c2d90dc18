"""Words with a tag each, as for names in texts."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, value_of

TOKENS, TAGS = ("tokens", "words"), ("tags", "ner_tags")
FIELDS = (TOKENS, TAGS)

WITHIN, LAST, ALONE = frozenset("IM"), frozenset("EL"), frozenset("SUW")
MARKS = WITHIN | LAST | ALONE | {"B"}
"""What a tag says of a word's place in its name: BIO, BIOES, BMES and BILOU have one letter for each place."""


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield lists that do not match, and tags that go on with what has not begun."""
    tokens, tags = value_of(values, TOKENS), value_of(values, TAGS)
    for field, found in (("tokens", tokens), ("tags", tags)):
        if not isinstance(found, list):
            yield "wrong_type", {"field": field, "expected": "list", "found": type(found).__name__}
    if not isinstance(tokens, list) or not isinstance(tags, list):
        return
    if not tokens:
        yield "empty", {"field": "tokens"}
    for field, found in (("tokens", tokens), ("tags", tags)):
        odd = next((one for one in found if isinstance(one, bool) or not isinstance(one, str | int | float)), "")
        if odd != "":
            yield "wrong_type", {"field": field, "expected": "list of texts", "found": f"list of {type(odd).__name__}"}
    if tags and all(isinstance(tag, int) for tag in tags):
        yield "tag_numbers", {"tag": tags[0]}
    if len(tokens) != len(tags):
        yield "unequal", {"tokens": len(tokens), "tags": len(tags)}
    for before, tag in zip(["O", *tags], tags, strict=False):
        kind = str(tag)[2:]
        if str(tag).startswith("I-") and str(before)[2:] != kind:
            yield "tag_order", {"tag": tag, "before": before}
            return


def asked(values: Values, /) -> str:
    """Return the words, divided by spaces."""
    return " ".join(map(str, value_of(values, TOKENS)))


def wanted(values: Values, /) -> str:
    """Return the tags, divided by spaces."""
    return " ".join(map(str, value_of(values, TAGS)))


def classes(values: Values, /) -> tuple[str, ...]:
    """Return the kinds of things that are tagged, each once."""
    parts = [str(tag).partition("-") for tag in value_of(values, TAGS)]
    return tuple(sorted({kind if mark in MARKS and kind else mark + dash + kind for mark, dash, kind in parts} - {"O"}))


def converted(values: Values, /) -> dict[str, Any]:
    """Return words and tags."""
    return {
        "tokens": [str(one) for one in value_of(values, TOKENS)],
        "tags": [str(one) for one in value_of(values, TAGS)],
    }
