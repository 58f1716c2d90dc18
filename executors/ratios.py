"""Metrics that are a sum over rows through another sum, such as an F1 over all names: intervals and differences."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .intervals import RESAMPLES, Interval, interval
from .step import Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Ratio = tuple[Sequence[float], Sequence[float]]
"""For each row what counts for it, and out of how much; a metric is the sum of the first through that of the second."""

Ratios = Mapping[str, Ratio]

EXPONENTS: Mapping[str, Callable[[Any], Any]] = {"perplexity": math.exp}
"""Metrics that are a function of their ratio."""

MOST_NUMBERS = 4_000_000


def compared(ours: Ratios, base: Ratios | None, seed: int) -> Result:
    """Return ``metrics``, and where there is a baseline on the same rows ``base`` and ``differences`` from it.

    Args:
        ours: By metric.
        base: The same of the baseline.
        seed: Makes the intervals repeatable.
    """
    found: dict[str, Any] = {"metrics": {name: ratio_interval(name, [one], seed) for name, one in ours.items()}}
    if base is not None:
        found["base"] = {name: ratio_interval(name, [one], seed) for name, one in base.items()}
        found["differences"] = {"base": {name: ratio_interval(name, [ours[name], base[name]], seed) for name in ours}}
    return found


def ratio_interval(name: str, ratios: Sequence[Ratio], seed: int) -> Interval:
    """Return a metric, or the first less the second, with its 95 % interval from the same rows drawn again.

    Args:
        name: The metric's name.
        ratios: One, or two of the same rows.
        seed: Makes the interval repeatable.

    Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", section 2; percentile interval.
    """
    import numpy as np

    parts = [(np.asarray(above, dtype=float), np.asarray(below, dtype=float)) for above, below in ratios]
    value = _apart([_share(name, above.sum(), below.sum()) for above, below in parts])
    if name not in EXPONENTS and (rows := _settled(parts)):  # drawing rows again cannot tell how sure that is
        return interval([value] * rows, seed, lowest=1.0 - len(parts))
    chance, count = np.random.default_rng(seed), len(parts[0][0])
    size = max(1, MOST_NUMBERS // count)
    drawn = []
    for start in range(0, RESAMPLES, size):
        weights = chance.multinomial(count, np.full(count, 1 / count), size=min(size, RESAMPLES - start))
        sums = [(weights @ above, weights @ below) for above, below in parts]
        drawn.append(_apart([_shares(name, above, below) for above, below in sums]))
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5])
    return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))


def _settled(parts: "Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]") -> int:
    """Return how many rows count where every draw of them gives the same value; 0 where it may give another."""
    import numpy as np

    counting = np.logical_or.reduce([below > 0 for _, below in parts])
    equal = len(parts) > 1 and all(np.array_equal(*pair) for pair in zip(*parts, strict=True))
    same = all(len({*(above[below > 0] / below[below > 0]).tolist()}) <= 1 for above, below in parts)
    return int(counting.sum() or len(counting)) if equal or same else 0


def _apart(values: Sequence[Any]) -> Any:  # noqa: ANN401 - numbers, or arrays of them
    return values[0] if len(values) == 1 else values[0] - values[1]


def _share(name: str, above: float, below: float) -> float:
    """Return a ratio; one of nothing at all is 0."""
    return float(EXPONENTS.get(name, float)(above / below if below else 0.0))


def _shares(name: str, above: "NDArray[np.float64]", below: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    shares = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return np.exp(shares) if name in EXPONENTS else shares
