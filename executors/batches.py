"""Order rows into batches of similar length, the same for a seed and an epoch, and pad them."""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .compact import compact
from .tokens import TokenRow

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
POOL = 16
"""Batches that are sorted by length together: enough to save padding, few enough to stay random."""


class LengthGrouped:
    """Give the order of rows in an epoch: random, but neighbours of similar length share a batch.

    The order depends on the seed and the epoch only, so that a resumed run sees the rows it would have seen.

    Args:
        lengths: Tokens of each row.
        batch_size: Rows per batch; the last batch may be smaller.
        seed: Any whole number.
        together: Rows whose order among themselves does not matter, as they are learnt in one update, where they are
            divided into other batches than these; they come longest first. None where batches are these.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, together: int | None = None) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.together = together
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        chance = random.Random(f"{self.seed}/{self.epoch}")
        rows = list(range(len(self.lengths)))
        chance.shuffle(rows)
        pool = POOL * self.batch_size
        grouped = [row for start in range(0, len(rows), pool) for row in self._sorted(rows[start : start + pool])]
        batches = [grouped[start : start + self.batch_size] for start in range(0, len(grouped), self.batch_size)]
        last = [batches.pop()] if batches and len(batches[-1]) < self.batch_size else []
        chance.shuffle(batches)
        order = [row for batch in batches + last for row in batch]
        if self.together is None:
            return iter(order)
        starts = range(0, len(order), self.together)
        return iter([row for start in starts for row in self._sorted(order[start : start + self.together])])

    def _sorted(self, rows: list[int]) -> list[int]:
        return sorted(rows, key=lambda row: self.lengths[row], reverse=True)


def collate(rows: Sequence[TokenRow], padding: int) -> dict[str, Any]:
    """Return one batch, padded on the right to its longest row.

    Args:
        rows: The batch's rows.
        padding: The token to pad with; masked out everywhere.

    Returns:
        ``input_ids``, ``attention_mask`` and ``labels``, each ``(batch, seq)``, and ``first_answer``, the first
        position at which any row's answer begins.
    """
    import torch

    longest = max(map(len, rows))
    labels = [
        [*[IGNORED] * row.answer_start, *row.tokens[row.answer_start :], *[IGNORED] * (longest - len(row))]
        for row in rows
    ]
    return padded([row.tokens for row in rows], padding) | {
        "labels": torch.tensor(labels),
        "first_answer": min(row.answer_start for row in rows),
    }


def padded(rows: Sequence[Sequence[int]], padding: int) -> dict[str, Any]:
    """Return ``input_ids`` and ``attention_mask``, each ``(batch, seq)``, padded on the right to the longest row."""
    import torch

    longest = max(map(len, rows))
    return {
        "input_ids": filled(rows, padding),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
    }


def filled(rows: Sequence[Sequence[int]], value: int) -> "Tensor":
    """Return rows of numbers, each filled on the right to the longest one, shape ``(batch, longest)``."""
    import torch

    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def shortened(tokens: Sequence[int], limit: int) -> Sequence[int]:
    """Return tokens without the end of a text that is longer than the limit; the mark behind the text stays."""
    return tokens if len(tokens) <= limit else compact([*tokens[: limit - 1], tokens[-1]])
