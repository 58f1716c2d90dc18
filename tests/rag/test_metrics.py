"""Metrics of rankings."""

from math import log2

import pytest
from ftadvisor.rag.metrics import mrr_at_k, ndcg_at_k, recall_at_k

RANKED = ["a", "a", "b", "c", "d"]


def test_recall_counts_documents_not_chunks() -> None:
    assert recall_at_k(RANKED, {"b", "z"}, 2) == 0.5
    assert recall_at_k(RANKED, {"c"}, 2) == 0.0
    assert recall_at_k([], {"c"}, 2) == 0.0


def test_reciprocal_rank() -> None:
    assert mrr_at_k(RANKED, {"c", "d"}, 10) == pytest.approx(1 / 3)
    assert mrr_at_k(RANKED, {"d"}, 3) == 0.0


def test_gain() -> None:
    assert ndcg_at_k(RANKED, {"a", "b"}, 10) == pytest.approx(1.0)
    assert ndcg_at_k(RANKED, {"b"}, 10) == pytest.approx(1 / log2(3))
    assert ndcg_at_k(RANKED, {"b", "c"}, 10) == pytest.approx((1 / log2(3) + 1 / 2) / (1 + 1 / log2(3)))
    assert ndcg_at_k(RANKED, {"d"}, 3) == 0.0
