"""Scores of all texts together, BLEU and chrF, and how sure they are.

Source: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation"; Popović 2015, "chrF:
character n-gram F-score for automatic MT evaluation"; Post 2018, arXiv 1804.08771 (sacrebleu, whose figures can be
compared with published ones); Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from ..knowledge.text import is_chinese
from .classification import RESAMPLES
from .intervals import Interval, interval, numbered
from .metrics import words
from .models import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG_ENOUGH = 4
"""Words of half of the right texts: BLEU counts rows of four, and says nothing of shorter texts."""


@dataclass(frozen=True)
class Drawn:
    """Hold a score of texts, and the same of their rows drawn again.

    Attributes:
        value: From 0 to 1.
        again: One score per resample, by the way of drawing: rows one by one, and groups as wholes.
        settled: Whether all texts are as they should be, or share nothing with what they should be.
        groups: How many groups there are.
    """

    value: float
    again: "tuple[NDArray[Any], ...]"
    settled: bool
    groups: int


def corpus_scores(
    answers: Sequence[str], targets: Sequence[str], seed: int, groups: Sequence[str] | None = None
) -> dict[str, Drawn]:
    """Return BLEU and chrF of texts; nothing where the right ones are too short for it.

    Args:
        answers: What was written.
        targets: What should have been written, at least one.
        seed: Decides which rows are drawn again; the same rows for all answers to the same targets.
        groups: What each row is about, as for ``interval``.
    """
    if median(len(words(target)) for target in targets) < LONG_ENOUGH:
        return {}
    apart = [str(row) for row in range(len(targets))]
    ways = [apart, groups] if groups is not None and len({*groups}) < len(groups) else [apart]
    return {name: _drawn(metric, answers, targets, ways, seed) for name, metric in _metrics(targets).items()}


def signatures(targets: Sequence[str]) -> dict[str, str]:
    """Return what people name beside each score, so that others can compare theirs."""
    found = {}
    for name, metric in _metrics(targets).items():
        metric.corpus_score(list(targets), [list(targets)])  # the number of references is known afterwards
        found[name] = str(metric.get_signature())
    return found


def corpus_interval(one: Drawn) -> Interval:
    """Return a score with its 95 % interval: the wider one of all ways of drawing."""
    if one.settled:  # drawing rows again cannot tell how sure that is
        return interval([one.value] * one.groups, 0)
    return _percentiles(one.value, one.again)


def corpus_difference(ours: Drawn, other: Drawn) -> Interval:
    """Return how much higher the first is, with its 95 % interval: both of the same drawn rows."""
    if ours.settled and other.settled:
        return interval([ours.value - other.value] * ours.groups, 0, lowest=-1.0)
    apart = [mine - theirs for mine, theirs in zip(ours.again, other.again, strict=True)]
    return _percentiles(ours.value - other.value, apart)


def _metrics(targets: Sequence[str]) -> dict[str, Any]:
    metrics = require("sacrebleu").metrics
    # characters of Chinese texts are words of their own; all other texts are divided as in WMT
    return {"bleu": metrics.BLEU(tokenize="zh" if any(map(is_chinese, targets)) else "13a"), "chrf": metrics.CHRF()}


def _drawn(
    metric: Any,  # noqa: ANN401 - one of sacrebleu's
    answers: Sequence[str],
    targets: Sequence[str],
    ways: Sequence[Sequence[str]],
    seed: int,
) -> Drawn:
    import numpy as np

    # each row's counts, which the score is a function of: the hooks of sacrebleu's base class since 2.0
    counts = np.asarray(metric._extract_corpus_statistics(list(answers), [list(targets)]))

    def score(sums: "NDArray[Any]") -> float:
        return min(1.0, float(metric._compute_score_from_stats([int(count) for count in sums]).score / 100))

    value = score(counts.sum(axis=0))
    same = all(answer == target for answer, target in zip(answers, targets, strict=True))
    again = tuple(_again(counts, way, seed, score) for way in ways)
    return Drawn(value, again, same or value == 0, len({*ways[-1]}))


def _again(
    counts: "NDArray[Any]", groups: Sequence[str], seed: int, score: "Callable[[NDArray[Any]], float]"
) -> "NDArray[Any]":
    import numpy as np

    members = numbered(groups)
    sums = np.zeros((max(members) + 1, counts.shape[1]), dtype=np.int64)
    np.add.at(sums, members, counts)
    chance, size = np.random.default_rng(seed), len(sums)
    return np.asarray([score(sums[chance.integers(size, size=size)].sum(axis=0)) for _ in range(RESAMPLES)])


def _percentiles(value: float, again: "Sequence[NDArray[Any]]") -> Interval:
    import numpy as np

    ends = [np.percentile(scores, [2.5, 97.5]) for scores in again]
    low, high = min(float(low) for low, _ in ends), max(float(high) for _, high in ends)
    return Interval(value=value, low=min(value, low), high=max(value, high))
