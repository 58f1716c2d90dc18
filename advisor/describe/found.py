"""Put together what the lexicons, and the readers of numbers, GPUs and models, find in a text."""

from collections import Counter
from collections.abc import Iterable, Sequence

from .base_model import find_models
from .elsewhere import without_others
from .finding import Finding
from .gpu import find_gpus
from .lexical import IGNORED, find_counts, find_words
from .number import find_numbers
from .writing import find_language


def find_all(plain: str, text: str) -> list[Finding]:
    """Return everything that is found, however little it weighs.

    Args:
        plain: The text to search in.
        text: The text as it was written.
    """
    plain = without_others(plain)
    named = [*find_gpus(plain), *find_models(plain, text)]
    taken = [(one.start, one.end) for one in named]
    numbers = [number for number in find_numbers(plain) if not touches(taken, number.start, number.end)]
    return [*named, *_one_each(find_counts(plain, numbers)), *find_words(plain), *find_language(plain)]


def best(found: Iterable[Finding]) -> dict[str, Finding]:
    """Return the heaviest finding of each field; of equal ones that whose answer is said more often, then the first."""
    found = list(found)
    often = Counter((one.field, one.value) for one in found)
    chosen: dict[str, Finding] = {}
    for one in sorted(found, key=lambda one: (-one.weight, -often[one.field, one.value], one.start)):
        chosen.setdefault(one.field, one)
    return _multiplied(chosen)


def touches(places: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether some place overlaps with the characters from ``start`` to ``end``."""
    return any(first < end and start < last for first, last in places)


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


def _multiplied(chosen: dict[str, Finding]) -> dict[str, Finding]:
    """Return the answers with "8 per class" multiplied by the number of classes."""
    for field, one in list(chosen.items()):
        if one.each is not None:
            times = chosen[one.each].value if one.each in chosen else one.least
            exact = one.exact and one.each in chosen
            chosen[field] = one._replace(value=one.value * times, exact=exact)
    return chosen
