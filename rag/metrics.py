"""How good a ranking is, given what should have been found."""

import math
from collections.abc import Collection, Sequence


def recall_at_k(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Return the share of the relevant ids among the first ``k``, 0 to 1.

    Args:
        ranked: Ids, best first; an id counts where it first occurs.
        relevant: Ids that should be found; at least one.
        k: How many of the ranked ids are looked at, at least 1.
    """
    return len(set(_distinct(ranked)[:k]) & set(relevant)) / len(set(relevant))


def mrr_at_k(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Return the reciprocal rank of the first relevant id, or 0 when it is not among the first ``k``.

    Source: Voorhees, The TREC-8 Question Answering Track Report, 1999.
    """
    ranks = [rank for rank, name in enumerate(_distinct(ranked)[:k], start=1) if name in relevant]
    return 1.0 / ranks[0] if ranks else 0.0


def ndcg_at_k(ranked: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Return the discounted gain of the relevant ids among the first ``k``, as a share of the best possible, 0 to 1.

    Source: Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002; every relevant id gains 1.
    """
    gain = sum(_discount(rank) for rank, name in enumerate(_distinct(ranked)[:k], start=1) if name in relevant)
    return gain / sum(_discount(rank) for rank in range(1, min(k, len(set(relevant))) + 1))


def _discount(rank: int) -> float:
    return 1.0 / math.log2(rank + 1)


def _distinct(ranked: Sequence[str]) -> list[str]:
    """Return the ids without repetitions: several chunks of a document count as one find."""
    return list(dict.fromkeys(ranked))
