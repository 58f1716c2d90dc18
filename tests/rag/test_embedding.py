"""Embedding many texts takes the memory of a few batches, and gives the same vectors however often it stops."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import pytest
from ftadvisor.knowledge.progress import silent
from ftadvisor.rag.embedders.builtin import HashedTokens
from ftadvisor.rag.embedding import FolderParts, KnownVectors, as_keys, digest, embed_passages

PART = 8 * 4


@dataclass(frozen=True)
class Small(HashedTokens):
    """Embed few texts at once."""

    batch_size: int = 4


class Stopping(Small):
    """Stop after some batches, as a killed build does."""

    def embed(self, texts: Sequence[str], role: Any) -> Any:
        """Return vectors until the batch that stops."""
        if "stop" in texts:
            raise KeyboardInterrupt
        return super().embed(texts, role)


class Counted(Sequence[str]):
    """Texts that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._count))]
        if not 0 <= row < self._count:
            raise IndexError(row)
        return f"text {row} " + "of some length " * 40


def peak(texts: Sequence[str], folder: Path) -> int:
    """Return the most memory that embedding and looking up again allocate, in bytes."""
    known = KnownVectors()
    tracemalloc.start()
    embed_passages(Small(), texts, known, FolderParts(folder), silent)
    for start in range(0, len(texts), PART):
        known.take(as_keys(digest(text) for text in texts[start : start + PART]), Small().dimension)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_texts_and_vectors(tmp_path: Path) -> None:
    few, many = peak(Counted(200), tmp_path / "few"), peak(Counted(1600), tmp_path / "many")
    vectors, characters = 1400 * Small().dimension * 4, 1400 * len(Counted(1)[0])
    assert many - few < (vectors + characters) / 10


def test_what_was_interrupted_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    texts = [f"text {row} {'word ' * (row % 9)}" for row in range(150)]
    keys = as_keys(digest(text) for text in texts)
    whole, stopped, resumed = KnownVectors(), KnownVectors(), KnownVectors()
    assert embed_passages(Small(), [*texts, *texts[:9]], whole, FolderParts(tmp_path / "whole"), silent) == 150
    with pytest.raises(KeyboardInterrupt):
        embed_passages(Stopping(), [*texts, "stop"], stopped, FolderParts(tmp_path / "parts"), silent)
    left = len(list((tmp_path / "parts").glob("*.npy"))) if (tmp_path / "parts").exists() else 0
    assert embed_passages(Small(), texts, resumed, FolderParts(tmp_path / "parts"), silent) == 150 - left * PART
    assert (resumed.take(keys, 2048) == whole.take(keys, 2048)).all()
    assert resumed.has(keys).all()


def test_a_damaged_part_counts_for_nothing(tmp_path: Path) -> None:
    texts = [f"text {row}" for row in range(PART * 2)]
    embed_passages(Small(), texts, KnownVectors(), FolderParts(tmp_path), silent)
    part = min(tmp_path.glob("*.npy"))
    part.write_bytes(part.read_bytes()[:-8])
    assert embed_passages(Small(), texts, KnownVectors(), FolderParts(tmp_path), silent) == PART


def test_vectors_are_found_by_key_wherever_they_lie() -> None:
    import numpy as np

    known, keys = KnownVectors(), as_keys(digest(str(row)) for row in range(6))
    assert not known.has(keys).any()
    assert known.take(keys, 2).tolist() == [[0, 0]] * 6
    known.add(keys[:2], np.array([[1, 0], [2, 0]], dtype=np.float32))
    known.add(keys[3:5], np.arange(10, dtype=np.float32).reshape(5, 2), np.array([4, 1]))
    assert known.has(keys).tolist() == [True, True, False, True, True, False]
    assert known.take(keys[[4, 2, 0, 3]], 2).tolist() == [[2, 3], [0, 0], [1, 0], [8, 9]]
    assert known.take(keys[:0], 2).shape == (0, 2)
