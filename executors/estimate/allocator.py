"""A model of PyTorch's caching allocator: what it holds from the driver while tensors come and go.

It serves the arithmetic, which replays a step on several streams in every estimate: fast, and blocks up to 1 MiB are
only summed. ``exact/allocator.py`` follows a traced step with all rules. For large blocks the two must agree.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from math import inf

from .shadow.memory import Stream

MIB = 2**20
SMALL, SMALL_SEGMENT = MIB, 2 * MIB
MIDDLE, MIDDLE_SEGMENT, LARGE_ROUND = 10 * MIB, 20 * MIB, 2 * MIB
"""Requests up to ``SMALL`` share segments of their own; up to ``MIDDLE`` they share larger ones; others get a segment
each, rounded up. What is left of a large block is split off when it is more than ``SMALL``.

Source: c10/cuda/CUDACachingAllocator.cpp, ``kSmallSize``, ``kSmallBuffer``, ``kMinLargeAlloc``, ``kLargeBuffer``,
``kRoundLarge``, ``should_split``.
"""


class Block:
    """Stand for one stretch of a segment, in use or free."""

    __slots__ = ("after", "before", "free", "place", "size", "stream")

    def __init__(self, size: int, place: int, stream: int = Stream.COMPUTE) -> None:
        self.size, self.place, self.stream, self.free = size, place, stream, False
        self.before: Block | None = None
        self.after: Block | None = None


class Allocator:
    """Take and return blocks as the caching allocator does; every stream has free blocks of its own.

    Blocks up to 1 MiB are only summed: their segments are so small that they never leave a gap worth counting.

    Args:
        limit: Bytes that the device has for tensors. Segments that nobody uses are given back before it is passed.
    """

    def __init__(self, limit: float = inf) -> None:
        self._limit = limit
        self._free: tuple[list[tuple[int, int, Block]], ...] = tuple([] for _ in Stream)
        self._place = 0
        self._large = 0
        self._small = self._small_peak = 0
        self._large_peak = 0

    @property
    def reserved(self) -> int:
        """Bytes of all segments."""
        return self._large + -(-self._small_peak // SMALL_SEGMENT) * SMALL_SEGMENT

    @property
    def most_reserved(self) -> int:
        """Bytes of all segments when there were most, which may have been before some were given back."""
        return self.reserved - self._large + self._large_peak

    def hold(self, sizes: Iterable[int], stream: int = Stream.COMPUTE) -> list[Block]:
        """Take one block for every size."""
        return [self.take(size, stream) for size in sizes]

    def release(self, blocks: Iterable[Block]) -> None:
        """Give all blocks back."""
        for block in blocks:
            self.give(block)

    def take(self, size: int, stream: int = Stream.COMPUTE) -> Block:
        """Take the smallest free block that is large enough, or a new segment.

        Args:
            size: Bytes, rounded to 512.
            stream: Where it is used.
        """
        if size <= SMALL:
            self._small += size
            self._small_peak = max(self._small_peak, self._small)
            return Block(size, -1)
        free = self._free[stream]
        position = bisect_left(free, (size,))
        if position < len(free):
            block = free.pop(position)[2]
            block.free = False
        else:
            block = self._segment(size, stream)
        if block.size - size > SMALL:
            self._split(block, size)
        return block

    def _segment(self, size: int, stream: int) -> Block:
        whole = MIDDLE_SEGMENT if size < MIDDLE else -(-size // LARGE_ROUND) * LARGE_ROUND
        if self._large + whole > self._limit:
            self._give_back()
        self._large += whole
        self._large_peak = max(self._large_peak, self._large)
        self._place += whole
        return Block(whole, self._place - whole, stream)

    def _give_back(self) -> None:
        """Return segments that nobody uses to the driver."""
        for free in self._free:
            for entry in [entry for entry in free if entry[2].before is None and entry[2].after is None]:
                free.remove(entry)
                self._large -= entry[0]

    def _split(self, block: Block, size: int) -> None:
        rest = Block(block.size - size, block.place + size, block.stream)
        rest.before, rest.after = block, block.after
        if block.after is not None:
            block.after.before = rest
        block.after, block.size = rest, size
        self._put_back(rest)

    def _put_back(self, block: Block) -> None:
        block.free = True
        insort(self._free[block.stream], (block.size, block.place, block))

    def give(self, block: Block) -> None:
        """Give a block back; free neighbours become one block."""
        if block.place < 0:
            self._small -= block.size
            return
        before, after = block.before, block.after
        if before is not None and before.free:
            self._forget(before)
            before.size += block.size
            before.after = after
            if after is not None:
                after.before = before
            block = before
        if after is not None and after.free:
            self._forget(after)
            block.size += after.size
            block.after = after.after
            if after.after is not None:
                after.after.before = block
        self._put_back(block)

    def _forget(self, block: Block) -> None:
        free = self._free[block.stream]
        del free[bisect_left(free, (block.size, block.place))]
