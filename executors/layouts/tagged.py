"""Words with a tag each, as for names in texts."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, value_of

TOKENS, TAGS = ("tokens", "words"), ("tags", "ner_tags")
FIELDS = (TOKENS, TAGS)


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
    found = (str(tag) for tag in value_of(values, TAGS))
    return tuple(sorted({tag[2:] if tag[:2] in ("B-", "I-") else tag for tag in found} - {"O"}))


def converted(values: Values, /) -> dict[str, Any]:
    """Return words and tags."""
    return {
        "tokens": [str(one) for one in value_of(values, TOKENS)],
        "tags": [str(one) for one in value_of(values, TAGS)],
    }
