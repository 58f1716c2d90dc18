"""Take hits that do not say the same again."""

from collections.abc import Sequence

from .records import Hit
from .units import content_tokens

RELEVANCE = 0.7
"""How much the rank counts against repetition. Source: the paper's users preferred values around it."""


def varied(hits: Sequence[Hit], count: int) -> list[Hit]:
    """Return hits one by one, each the best by its rank less what it repeats of those before it.

    Scores of different retrievers mean different things, so a hit's place stands for its relevance.

    Args:
        hits: Best first.
        count: Most hits to return.

    Source: Carbonell and Goldstein, The use of MMR, diversity-based reranking, SIGIR 1998; similarity is the share of
    common tokens (Jaccard).
    """
    tokens = [frozenset(content_tokens(hit.text)) for hit in hits]
    left, taken = list(range(len(hits))), list[int]()
    repeated = [0.0] * len(hits)
    while left and len(taken) < count:
        best = max(left, key=lambda place: RELEVANCE / (1 + place) - (1 - RELEVANCE) * repeated[place])
        left.remove(best)
        taken.append(best)
        for place in left:
            repeated[place] = max(repeated[place], _alike(tokens[place], tokens[best]))
    return [hits[place] for place in taken]


def _alike(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / max(len(one | two), 1)
