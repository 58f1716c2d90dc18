"""The pairs that SetFit learns from: drawn fairly, and without comparing all rows with all others."""

import tracemalloc
from collections import Counter
from typing import Any

import pytest
from ftadvisor.executors.classifiers.setfit import Options, _pairs

np = pytest.importorskip("numpy", reason="needs the train extra")


def drawn(right: Any, pairs: int = 5) -> list[tuple[int, int, float]]:
    told = [str(row) for row in range(len(right))]
    options = Options(embedder="none/loaded", pairs=pairs)
    return [(int(one), int(other), score) for one, other, score in _pairs(told, right, options, 3)]


def test_pairs_share_a_class_or_share_none() -> None:
    right = np.random.default_rng(1).random((40, 4)) < 0.3
    found = drawn(right)
    for one, other, score in found:
        assert one != other
        assert bool((right[one] & right[other]).any()) == bool(score)
    together = (right[:, None] & right[None]).any(axis=2)
    np.fill_diagonal(together, True)
    some = (together.sum(axis=1) > 1) & right.any(axis=1)
    counts = Counter((one, score) for one, other, score in found)
    assert [counts[row, 1.0] for row in range(40)] == [5 * has for has in some]
    assert all(counts[row, 0.0] == 5 for row in range(40))


def test_each_row_that_may_be_drawn_is_as_likely() -> None:
    right = np.eye(3, dtype=bool)[[0] * 4 + [1] * 8 + [2]]
    counts = Counter((one, other) for one, other, _ in drawn(right, 3000))
    assert {other for one, other in counts if one == 0} == set(range(1, 13))
    assert all(abs(counts[0, other] - 1000) < 150 for other in (1, 2, 3))
    assert all(abs(counts[0, other] - 3000 / 9) < 90 for other in range(4, 13))


def test_a_class_of_one_row_has_no_pair_within_it() -> None:
    right = np.eye(2, dtype=bool)[[0, 0, 1]]
    assert {score for one, _, score in drawn(right) if one == 2} == {0.0}
    assert {score for _, _, score in drawn(np.eye(1, dtype=bool)[[0, 0]])} == {1.0}


def test_memory_grows_with_the_rows_and_not_with_their_square() -> None:
    rows = 2000
    right = np.eye(77, dtype=bool)[np.arange(rows) % 77]
    tracemalloc.start()
    try:
        for _ in _pairs([""] * rows, right, Options(embedder="none/loaded", pairs=1), 3):
            pass
        assert tracemalloc.get_traced_memory()[1] < rows * rows / 4  # a table of all pairs takes 4 times that at least
    finally:
        tracemalloc.stop()
