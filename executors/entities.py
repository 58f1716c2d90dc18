"""Measure tags: which names were found whole and of the right kind, and which words have the right tag."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..knowledge.durable import write_text
from .layouts.tagged import ALONE, LAST, MARKS, WITHIN
from .ratios import Ratio, Ratios

ANSWERS = "answers.jsonl"
Entity = tuple[str, int, int]
"""Kind, first word and the word behind the last one."""


def entities(tags: Sequence[str]) -> set[Entity]:
    """Return the names in a row of tags of the kinds BIO, BIOES, BMES and BILOU; tags of other forms hold none.

    A name ends before ``O``, before the beginning of another one and before another kind; one that lacks its
    beginning begins where it shows.

    Source: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task", section 2, and its
        script ``conlleval``.
    """
    found, kind, start = set(), "", 0
    for place, tag in enumerate([*tags, "O"]):
        mark, _, named = tag.partition("-")
        goes_on = bool(kind) and mark in WITHIN | LAST and named == kind
        if kind and not goes_on:
            found.add((kind, start, place))
            kind = ""
        if not goes_on and mark in MARKS and named:
            kind, start = named, place
        if kind and mark in LAST | ALONE:
            found.add((kind, start, place + 1))
            kind = ""
    return found


def tag_ratios(right: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> Ratios:
    """Return entity F1, precision and recall where the tags tell names, and in any case the share of right tags.

    Args:
        right: Each row's tags.
        found: Those that a model gave.
    """
    same = [sum(map(str.__eq__, *pair)) for pair in zip(right, found, strict=True)]
    words: Ratio = (same, [len(tags) for tags in right])
    pairs = [(entities(first), entities(second)) for first, second in zip(right, found, strict=True)]
    if not any(truth for truth, _ in pairs):
        return {"tag_accuracy": words}
    hits = [len(truth & given) for truth, given in pairs]
    truths, givens = [len(truth) for truth, _ in pairs], [len(given) for _, given in pairs]
    both = [truth + given for truth, given in zip(truths, givens, strict=True)]
    return {
        "entity_f1": ([2 * hit for hit in hits], both),
        "entity_precision": (hits, givens),
        "entity_recall": (hits, truths),
        "tag_accuracy": words,
    }


def write_tags(
    folder: Path, words: Sequence[Sequence[str]], right: Sequence[Sequence[str]], found: Sequence[Sequence[str]]
) -> None:
    """Write each row's words, right tags and given tags."""
    rows = zip(words, right, found, strict=True)
    lines = [
        json.dumps({"tokens": one, "tags": tags, "found": given}, ensure_ascii=False, default=list)
        for one, tags, given in rows
    ]
    write_text(folder / ANSWERS, "\n".join(lines) + "\n")
