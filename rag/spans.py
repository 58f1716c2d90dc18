"""Choose the stretch of some sentences that answers a question, by weights that were fitted once; no model runs.

Every stretch of up to ``LONGEST`` units of a sentence is a candidate. Its score is a sum: what speaks for a beginning
at its first unit, for an end at its last, for each unit inside, for its length and for its sentence.

Source: in the manner of the logistic regression of Rajpurkar et al. 2016, arXiv 1606.05250, section 5, without parse
trees; the weights are fitted by tests/benchmarks/answer_spans.py.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .evidence import Sentence
from .span_features import Features, features_of, language_of, sentence_features
from .units import Unit, units_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 40
"""Units; of the answers of the public sets, nine in ten are shorter than 68 ideographs or 8 words."""

WEIGHTS = Path(__file__).parent / "span_weights"


@dataclass(frozen=True, slots=True)
class Span:
    """Hold a stretch of one sentence.

    Attributes:
        sentence: The sentence's place among those given.
        start: First character, counted in the sentence.
        end: One past the last character.
        share: How clearly it wins over all other stretches, 0 to 1; not the probability of being right.
    """

    sentence: int
    start: int
    end: int
    share: float


def best_span(question: str, sentences: Sequence[Sentence], weights: Mapping[str, float] | None = None) -> Span | None:
    """Return the stretch that answers the question best, or None where there is no word at all.

    Args:
        question: What is asked.
        sentences: Where to look.
        weights: By the name of a feature; those of the question's language when None.
    """
    import numpy as np

    known = span_weights(language_of(question)) if weights is None else weights
    best: tuple[float, int, Unit, Unit] | None = None
    total = -np.inf
    for place, sentence in enumerate(sentences):
        units = units_of(sentence.text)
        if not units:
            continue
        features = features_of(question, units)
        scores = _scores(features, known) + _sum(known, sentence_features(sentences, place, features.kind))
        first, length = map(int, np.unravel_index(np.argmax(scores), scores.shape))
        total = np.logaddexp(total, np.logaddexp.reduce(scores, axis=None))
        if best is None or scores[first, length] > best[0]:
            best = (float(scores[first, length]), place, units[first], units[first + length])
    if best is None or best[0] == -np.inf:
        return None
    score, place, first_unit, last_unit = best
    return Span(place, first_unit.start, last_unit.end, float(np.exp(score - total)))


def _scores(features: Features, weights: Mapping[str, float]) -> "NDArray[np.float64]":
    """Return the score of each stretch, shape ``(units, LONGEST)``: by its first unit, and its length less one."""
    import numpy as np

    count = len(features.start)
    start = np.array([_sum(weights, names) for names in features.start])
    end = np.array([_sum(weights, names) for names in features.end])
    inside = np.concatenate([[0.0], np.cumsum([_sum(weights, names) for names in features.inside])])
    scores = np.full((count, LONGEST), -np.inf)
    for length in range(min(LONGEST, count)):
        rows = count - length
        fixed = _sum(weights, length_features(length, features.kind))
        scores[:rows, length] = start[:rows] + end[length:] + inside[length + 1 :] - inside[:rows] + fixed
    scores[features.marks] = -np.inf  # no answer begins or ends with a mark
    for place in np.flatnonzero(features.marks).tolist():
        reach = np.arange(min(LONGEST, place + 1))
        scores[place - reach, reach] = -np.inf
    return scores


def length_features(length: int, kind: str) -> list[str]:
    """Return the names of what speaks for a length, given in units beyond the first."""
    size = length if length < 8 else 8 + length // 8
    return [f"L{size}", f"L{size}|{kind}"]


def _sum(weights: Mapping[str, float], names: Iterable[str]) -> float:
    return sum(weights.get(name, 0.0) for name in names)


@cache
def span_weights(language: str) -> Mapping[str, float]:
    """Return the fitted weights of a language, by the name of a feature."""
    weights: dict[str, float] = json.loads((WEIGHTS / f"{language}.json").read_text(encoding="utf-8"))
    return weights
