"""Texts packed into blocks."""

import random

import pytest
from ftadvisor.executors.texts import TextRow, packed


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_blocks_hold_all_texts_in_order_and_say_where_each_begins(size: int) -> None:
    chance = random.Random(1)
    rows = [TextRow(3 * number, chr(65 + number) * chance.randrange(12)) for number in range(20)]
    blocks = list(packed(rows, list, size))
    assert "".join(letter for _, block in blocks for letter in block) == "".join(row.text for row in rows)
    assert {len(block) for _, block in blocks[:-1]} <= {size}
    assert 0 < len(blocks[-1][1]) <= size
    assert [line for line, _ in blocks] == [3 * (ord(block[0]) - 65) for _, block in blocks]


def test_texts_are_read_as_blocks_are_asked_for() -> None:
    read: list[str] = []
    blocks = packed([TextRow(number, "ab" * 5) for number in range(9)], lambda text: read.append(text) or text, 4)
    assert next(blocks) == (0, ["a", "b", "a", "b"])
    assert len(read) == 1
