"""Say how sure a mean is: bootstrap intervals, drawn by what rows are about."""

from collections.abc import Sequence
from typing import TypedDict

RESAMPLES = 10_000


class Interval(TypedDict):
    """Hold a figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def interval(
    scores: Sequence[float],
    seed: int,
    groups: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    lowest: float = 0.0,
) -> Interval:
    """Return the mean with its 95 % bootstrap interval, or an exact one where all scores are the same.

    Args:
        scores: One per row, at least one, each from ``lowest`` to 1.
        seed: Makes the interval repeatable.
        groups: What each row is about; rows about the same thing tend to be right or wrong together. The interval is
            then the wider of two: rows drawn one by one, and groups drawn as wholes.
        resamples: How many samples are drawn.
        lowest: The least that a score can be.

    Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", section 2; percentile interval. Groups:
        Field and Welsh 2007, "Bootstrapping clustered data".
    """
    apart = [str(row) for row in range(len(scores))] if groups is None else groups
    if len({*scores}) == 1:
        return _of_equal(scores[0], len({*apart}), lowest)
    rows = _percentiles(scores, [str(row) for row in range(len(scores))], seed, resamples)
    wholes = rows if groups is None else _percentiles(scores, groups, seed, resamples)
    mean = sum(scores) / len(scores)
    return Interval(value=mean, low=min(rows[0], wholes[0]), high=max(rows[1], wholes[1]))


def _of_equal(score: float, count: int, lowest: float) -> Interval:
    """Return the interval of a mean when ``count`` independent scores are all the same, as drawing them again cannot.

    At 95 %, at most ``unseen`` of all scores are others, and those may be anything from ``lowest`` to 1. Groups count
    once each.

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the
        binomial", no event in n trials: 1 - (0.05 / 2) ** (1 / n).
    """
    unseen = 1 - 0.025 ** (1 / count)
    return Interval(value=score, low=score - unseen * (score - lowest), high=score + unseen * (1 - score))


def difference(
    ours: Sequence[float],
    other: Sequence[float],
    seed: int,
    groups: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return how much better the first is, with a paired 95 % bootstrap interval: both on the same drawn rows."""
    apart = [mine - theirs for mine, theirs in zip(ours, other, strict=True)]
    return interval(apart, seed, groups, resamples, lowest=-1.0)


def numbered(groups: Sequence[str]) -> list[int]:
    """Return for each row the number of its group, from 0, groups in the order of their names.

    NumPy would give each name the room of the longest one, and a name may be a whole passage.
    """
    places = {name: place for place, name in enumerate(sorted({*groups}))}
    return [places[name] for name in groups]


def _percentiles(scores: Sequence[float], groups: Sequence[str], seed: int, resamples: int) -> tuple[float, float]:
    import numpy

    members = numbered(groups)
    sums, sizes = numpy.bincount(members, weights=scores), numpy.bincount(members)
    chance, count = numpy.random.default_rng(seed), len(sums)
    part = max(1, 4_000_000 // count)  # bounds the memory of the drawn groups to 32 MB
    means = []
    for start in range(0, resamples, part):
        drawn = chance.integers(count, size=(min(part, resamples - start), count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = numpy.percentile(numpy.concatenate(means), [2.5, 97.5])
    return float(low), float(high)
