"""What the article says about a case, and where the evidence has moved on."""

from collections.abc import Mapping
from typing import Any

from ..knowledge.article_note import ArticleNote
from ..knowledge.load import load
from .recommendation import Moved
from .rules import holds


def article_notes(facts: Mapping[str, Any]) -> tuple[Moved, ...]:
    """Return the notes whose situation is certainly this one, the most important first."""
    notes = sorted(load(ArticleNote).values(), key=lambda note: note.order)
    return tuple(
        Moved(note=note.id, article=str(note.article), now=str(note.now), evidence=note.evidence)
        for note in notes
        if all(holds(condition, facts) is True for condition in note.when)
    )
