"""When to ask again: what a recommendation would not survive."""

from collections.abc import Iterator, Sequence

from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.question import Question
from .flipping import THE_CASE_ITSELF
from .recommendation import Assumed, Flip, Review

#: Fields named in the text, the most decisive ones; the JSON form has all.
NAMED = 4


def reviews(flips: Sequence[Flip], assumed: Sequence[Assumed]) -> Iterator[Review]:
    """Yield the occasions to ask again, those that concern answers first.

    Args:
        flips: The known answers that would change the advice if they were others.
        assumed: The unknown ones.
    """
    known = tuple(dict.fromkeys(flip.field for flip in flips if flip.field not in THE_CASE_ITSELF))
    if known:
        yield Review(when="answer", fields=known, text=say("explanation.again.answer", names=_names(known)))
    unknown = tuple(item.field for item in assumed)
    if unknown:
        yield Review(when="open", fields=unknown, text=say("explanation.again.open", names=_names(unknown)))
    yield Review(when="result", text=say("explanation.again.result"))
    yield Review(when="time", text=say("explanation.again.time"))


def _names(fields: Sequence[str]) -> str:
    return say("advice.comma").join(str(load(Question)[field].name) for field in fields[:NAMED])
