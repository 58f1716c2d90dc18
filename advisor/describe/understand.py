"""Put together what was found in a description: one answer per field, and what nothing was found in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..answers import read_answer
from ..profile import FIELDS, Profile
from .finding import Finding
from .found import best, find_all, touches
from .implied import implied, unlikely
from .learned import supposed
from .plain_text import clauses, plain_text
from .wording import wording


class Read(NamedTuple):
    """One answer that was read.

    Attributes:
        words: The user's own words that it came from.
        exact: The words say this value; otherwise it stands for vague words such as "a few hundred".
    """

    field: str
    value: Any
    words: str
    exact: bool


class Understood(NamedTuple):
    """What was understood of a description.

    Attributes:
        answers: In the order of the profile's fields.
        left: The parts of the text in which nothing was found.
        reader: The endpoint's model that read it; None where this machine did it alone.
        uncounted: What the text says there is without saying how much: the field, None, and the words.
        wording: What the text as a whole speaks for: points by label.
    """

    answers: tuple[Read, ...]
    left: tuple[str, ...]
    reader: str | None = None
    uncounted: tuple[Read, ...] = ()
    wording: Mapping[str, int] = MappingProxyType({})

    def profile(self) -> Profile:
        """Return the answers as a profile."""
        worded = Profile(wording=dict(self.wording))
        return worded.with_answers("described", **{read.field: read.value for read in self.answers})


def understand(text: str, *, lexicons_only: bool = False) -> Understood:
    """Read a description in Chinese or English on this machine alone.

    Args:
        text: The description as it was written.
        lexicons_only: Leave out what was learnt: the reader where the lexicons are silent, and the wording.
    """
    plain = plain_text(text)
    found = find_all(plain, text)
    chosen = best(found)
    for field in tuple(unlikely(chosen)):
        del chosen[field]
    if not lexicons_only:
        found += (guesses := list(supposed(text, chosen)))
        chosen |= {one.field: one for one in guesses}
    chosen |= {one.field: one for one in implied(chosen)}
    answers = [read for field in FIELDS if field in chosen if (read := _read(text, chosen[field]))]
    places = [(one.start, one.end) for one in found if one.field in chosen]
    left = [text[start:end].strip() for start, end in clauses(plain) if not touches(places, start, end)]
    uncounted = [
        Read(one.field, None, text[one.start : one.end].strip(), False) for one in chosen.values() if one.value is None
    ]
    return Understood(
        tuple(answers),
        tuple(part for part in left if _says_something(part)),
        uncounted=tuple(uncounted),
        wording={} if lexicons_only else wording(text),
    )


def _read(text: str, one: Finding) -> Read | None:
    if one.value is None:
        return None
    words = text[one.start : one.end].strip()
    value, _ = read_answer(one.field, _whole(one.value))
    return None if value is None else Read(one.field, value, words, one.exact)


def _whole(value: Any) -> Any:  # noqa: ANN401 - any field's value
    return round(value) if isinstance(value, float) and (value.is_integer() or value > 1000) else value


def _says_something(part: str) -> bool:
    return sum(character.isalnum() for character in part) > 2
