"""Choose the likeliest span of a passage, and measure spans against the right ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .metrics import judge_text
from .ratios import Ratios

if TYPE_CHECKING:
    from torch import Tensor


def best_span(scores: "Tensor", offsets: Sequence[tuple[int, int]], longest: int) -> tuple[float, tuple[int, int]]:
    """Return the highest score of a span, and where the span begins and ends in the passage, in characters.

    Args:
        scores: How likely each token is first and last, shape ``(seq or more, 2)``.
        offsets: Where in the passage each token stands; (-1, -1) for tokens that are none of its.
        longest: Most tokens of a span.
    """
    import torch

    places = torch.tensor([place for place, (start, _) in enumerate(offsets) if start >= 0])
    if not len(places):
        return float("-inf"), (0, 0)
    first, last = scores[places, 0], scores[places, 1]
    pairs = first[:, None] + last[None, :]
    allowed = torch.ones_like(pairs).triu() - torch.ones_like(pairs).triu(longest)
    pairs = pairs.masked_fill(allowed == 0, float("-inf"))
    start, end = divmod(int(pairs.argmax()), len(places))
    return float(pairs[start, end]), (offsets[int(places[start])][0], offsets[int(places[end])][1])


def span_ratios(answers: Sequence[str], right: Sequence[Sequence[str]]) -> Ratios:
    """Return, by metric, the best score of each answer against the right ones; where there are none, none is right.

    Source: Rajpurkar et al. 2016, arXiv 1606.05250, section 6.1; Rajpurkar et al. 2018, arXiv 1806.03822 (no answer).
    """
    ones, found = [1.0] * len(answers), {"f1": list[float](), "exact": list[float]()}
    for answer, texts in zip(answers, right, strict=True):
        judged = judge_text([answer] * max(1, len(texts)), list(texts) or [""])
        for name, scores in found.items():
            scores.append(max(judged[name]) if texts else float(not answer.strip()))
    return {name: (scores, ones) for name, scores in found.items()}
