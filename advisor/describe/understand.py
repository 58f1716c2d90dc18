"""Put together what was found in a description: one answer per field, and what nothing was found in."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..answers import read_answer
from ..profile import FIELDS, Profile
from .base_model import find_models
from .elsewhere import without_others
from .finding import Finding
from .gpu import find_gpus
from .implied import implied, unlikely
from .lexical import IGNORED, find_counts, find_words
from .number import find_numbers
from .plain_text import clauses, plain_text
from .writing import find_language


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
    """

    answers: tuple[Read, ...]
    left: tuple[str, ...]
    reader: str | None = None
    uncounted: tuple[Read, ...] = ()

    def profile(self) -> Profile:
        """Return the answers as a profile."""
        return Profile().with_answers("described", **{read.field: read.value for read in self.answers})


def understand(text: str) -> Understood:
    """Read a description in Chinese or English with the lexicons, on this machine alone."""
    plain = plain_text(text)
    found = list(_found(plain, text))
    chosen = _multiplied(_best(found))
    for field in tuple(unlikely(chosen)):
        del chosen[field]
    chosen |= {one.field: one for one in implied(chosen)}
    answers = [read for field in FIELDS if field in chosen if (read := _read(text, chosen[field]))]
    places = [(one.start, one.end) for one in found if one.field in chosen]
    left = [text[start:end].strip() for start, end in clauses(plain) if not _touches(places, start, end)]
    uncounted = [
        Read(one.field, None, text[one.start : one.end].strip(), False) for one in chosen.values() if one.value is None
    ]
    return Understood(tuple(answers), tuple(part for part in left if _says_something(part)), uncounted=tuple(uncounted))


def _found(plain: str, text: str) -> Iterable[Finding]:
    plain = without_others(plain)
    named = [*find_gpus(plain), *find_models(plain, text)]
    taken = [(one.start, one.end) for one in named]
    numbers = [number for number in find_numbers(plain) if not _touches(taken, number.start, number.end)]
    return [*named, *_one_each(find_counts(plain, numbers)), *find_words(plain), *find_language(plain)]


def _one_each(counts: Iterable[Finding]) -> list[Finding]:
    """Return the counts, every number counting one thing only."""
    kept: dict[int | None, Finding] = {}
    for one in counts:
        if one.number not in kept or one.weight > kept[one.number].weight:
            kept[one.number] = one
    return _summed([one for one in kept.values() if one.field != IGNORED])


def _summed(counts: list[Finding]) -> list[Finding]:
    """Return the counts with those that are parts of one number added up, at the first one's place."""
    sums: dict[str, float] = {}
    for one in counts:
        if one.added:
            sums[one.added] = sums.get(one.added, 0) + one.value
    return [one._replace(value=sums[one.added]) if one.added else one for one in counts]


def _best(found: Iterable[Finding]) -> dict[str, Finding]:
    """Return the heaviest finding of each field; of equal ones that whose answer is said more often, then the first."""
    found = list(found)
    often = Counter((one.field, one.value) for one in found)
    best: dict[str, Finding] = {}
    for one in sorted(found, key=lambda one: (-one.weight, -often[one.field, one.value], one.start)):
        best.setdefault(one.field, one)
    return best


def _multiplied(chosen: dict[str, Finding]) -> dict[str, Finding]:
    """Return the answers with "8 per class" multiplied by the number of classes."""
    for field, one in list(chosen.items()):
        if one.each is not None:
            times = chosen[one.each].value if one.each in chosen else one.least
            exact = one.exact and one.each in chosen
            chosen[field] = one._replace(value=one.value * times, exact=exact)
    return chosen


def _read(text: str, one: Finding) -> Read | None:
    if one.value is None:
        return None
    words = text[one.start : one.end].strip()
    value, _ = read_answer(one.field, _whole(one.value))
    return None if value is None else Read(one.field, value, words, one.exact)


def _whole(value: Any) -> Any:  # noqa: ANN401 - any field's value
    return round(value) if isinstance(value, float) and (value.is_integer() or value > 1000) else value


def _touches(places: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in places)


def _says_something(part: str) -> bool:
    return sum(character.isalnum() for character in part) > 2
