"""Scores that depend on how far two positions are apart, looked up instead of computed for every pair."""

from .graph import Gradients, Value, fresh, record
from .memory import Storage

INT64 = 8


def repeated(x: Value, times: int) -> Value:
    """Return ``x`` copied once per sequence; its gradient is the sum."""
    run, size = x.run, x.size

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows * times, x.width, x.item), (x,), (), back)


def gathered(x: Value, length: int) -> Value:
    """Return one column per pair of positions; ``x`` and the places are saved, and the gradient is spread over zeros.

    Args:
        x: Rows of queries, columns of distances.
        length: Positions of a sequence.

    Source: PyTorch ``tools/autograd/derivatives.yaml``, ``gather``.
    """
    run, size = x.run, x.size
    places = run.new(length * length * INT64)

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, length, x.item), (x,), (x.storage, places), back)


def masked(x: Value, sequences: int) -> Value:
    """Return scores with those of padding replaced; the mask is saved, a byte per pair of positions.

    Args:
        x: Rows of queries of all heads, columns of keys.
        sequences: Sequences in the batch.
    """
    run, size = x.run, x.size
    mask = run.new(sequences * x.width * x.width)

    def back(gradient: Storage) -> Gradients:
        return (run.new(size),)

    return record(fresh(run, x.rows, x.width, x.item), (x,), (mask,), back)
