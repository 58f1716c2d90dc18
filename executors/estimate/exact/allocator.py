"""A model of PyTorch's caching allocator for CUDA: what a sequence of allocations and releases reserves on a device.

It follows one stream of one device, in whole bytes, without a device and without torch. ``estimate/allocator.py`` is
another: the arithmetic replays several streams in every estimate, so that one is fast, and sums small blocks. This one
knows all rules, what an unsplit rest adds to the tensors and when a device is full. For large blocks they must agree.

Source: PyTorch ``c10/cuda/CUDACachingAllocator.cpp``, ``DeviceCachingAllocator``.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable

BLOCK = 512
"""Sizes are rounded up to multiples of this (``kMinBlockSize``)."""
SMALL = 2**20
"""The largest block of the small pool (``kSmallSize``)."""
SMALL_SEGMENT = 2 * 2**20
"""What the small pool asks the device for (``kSmallBuffer``)."""
LARGE_SEGMENT = 20 * 2**20
"""What the large pool asks for when a block is below ``ALONE`` (``kLargeBuffer``)."""
ALONE = 10 * 2**20
"""From this size on a block gets a segment of its own (``kMinLargeAlloc``)."""
SEGMENT_STEP = 2 * 2**20
"""Segments of large blocks are multiples of this (``kRoundLarge``)."""


class DeviceFullError(Exception):
    """The device has no room for an allocation, even after all cached segments were given back."""


class Block:
    """A piece of a segment; neighbours in the segment are linked.

    Attributes:
        address: Where it begins; only the order matters.
        size: Bytes.
        pool: The pool that it returns to.
        free: Whether it lies in the pool.
        mapped: Whether there is memory behind it; only expandable segments have blocks without.
        before: The block that ends where this one begins, in the same segment.
        after: The block that begins where this one ends.
    """

    __slots__ = ("address", "after", "before", "free", "mapped", "pool", "size")

    def __init__(self, pool: Pool, address: int, size: int, *, mapped: bool = True) -> None:
        self.pool, self.address, self.size, self.mapped = pool, address, size, mapped
        self.free = True
        self.before: Block | None = None
        self.after: Block | None = None

    def split(self, size: int) -> Block:
        """Cut the block to ``size`` bytes, and return the rest as a block of its own."""
        rest = Block(self.pool, self.address + size, self.size - size, mapped=self.mapped)
        rest.before, rest.after = self, self.after
        if self.after is not None:
            self.after.before = rest
        self.after, self.size = rest, size
        return rest

    def join(self) -> None:
        """Take in the block behind this one."""
        after = self.after
        assert after is not None
        self.size += after.size
        self.after = after.after
        if self.after is not None:
            self.after.before = self


class Pool:
    """Free blocks of one kind, by size and then by address: the first that is large enough fits best."""

    def __init__(self, *, small: bool) -> None:
        self.small = small
        self._order: list[tuple[int, int]] = []
        self._blocks: dict[int, Block] = {}

    def add(self, block: Block) -> None:
        """Take a block in."""
        insort(self._order, (block.size, block.address))
        self._blocks[block.address] = block

    def remove(self, block: Block) -> None:
        """Let a block go."""
        del self._order[bisect_left(self._order, (block.size, block.address))]
        del self._blocks[block.address]

    def best(self, size: int) -> Block | None:
        """Return the smallest free block of at least ``size`` bytes."""
        place = bisect_left(self._order, (size, -1))
        return self._blocks[self._order[place][1]] if place < len(self._order) else None

    def blocks(self) -> list[Block]:
        """Return all free blocks."""
        return list(self._blocks.values())


class Allocator:
    """Serve allocations as the native allocator does, and count.

    Args:
        limit: Bytes that the device can give; None for a device without end.

    Attributes:
        allocated: Bytes of all live blocks, the unsplit rest of a block included (``memory_allocated``).
        reserved: Bytes taken from the device (``memory_reserved``).
        peak_allocated: The most that ``allocated`` has been.
        peak_reserved: The most that ``reserved`` has been.
        emptied: How often cached segments had to be given back to make room.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.allocated = self.reserved = self.peak_allocated = self.peak_reserved = self.emptied = 0
        self.pools = {True: Pool(small=True), False: Pool(small=False)}
        self._live: dict[Hashable, Block] = {}
        self._end = 0

    def allocate(self, name: Hashable, size: int) -> None:
        """Give ``size`` bytes, at least 1, to a new owner.

        Raises:
            DeviceFullError: There is no room.
        """
        size = -(-max(size, 1) // BLOCK) * BLOCK
        pool = self.pools[size <= SMALL]
        block = pool.best(size)
        if block is None:
            block = self._grown(pool, size)
        else:
            pool.remove(block)
        if self._splits(block, size):
            pool.add(block.split(size))
        block.free = False
        self._live[name] = block
        self.allocated += block.size
        self.peak_allocated = max(self.peak_allocated, self.allocated)

    def release(self, name: Hashable) -> None:
        """Take an owner's bytes back; free neighbours grow together."""
        block = self._live.pop(name)
        self.allocated -= block.size
        block.free = True
        block.pool.add(_grown_together(block))

    def empty_cache(self) -> None:
        """Give every segment that is free as a whole back to the device."""
        for pool in self.pools.values():
            for block in pool.blocks():
                if block.before is None and block.after is None:
                    pool.remove(block)
                    self.reserved -= block.size

    def live_sizes(self) -> dict[Hashable, int]:
        """Return the owners and what each really holds."""
        return {name: block.size for name, block in self._live.items()}

    def _splits(self, block: Block, size: int) -> bool:
        rest = block.size - size
        return rest >= BLOCK if block.pool.small else rest > SMALL

    def _grown(self, pool: Pool, size: int) -> Block:
        wanted = SMALL_SEGMENT if pool.small else LARGE_SEGMENT if size < ALONE else _up(size, SEGMENT_STEP)
        self._take(wanted)
        block = Block(pool, self._end, wanted)
        self._end += wanted + SEGMENT_STEP  # a gap: neighbouring segments do not grow together
        return block

    def _take(self, size: int) -> None:
        """Take bytes from the device; cached segments are given back when it is full."""
        if self.limit is not None and self.reserved + size > self.limit:
            self.empty_cache()
            self.emptied += 1
            if self.reserved + size > self.limit:
                raise DeviceFullError(f"{size} bytes do not fit beside {self.reserved} of {self.limit}")
        self.reserved += size
        self.peak_reserved = max(self.peak_reserved, self.reserved)


class ExpandableAllocator(Allocator):
    """Serve allocations from one segment per pool that grows and shrinks by pages (``expandable_segments:True``)."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit)
        self._ends: dict[bool, Block] = {}
        for small, pool in self.pools.items():
            self._ends[small] = Block(pool, 0, 2**60, mapped=False)

    def empty_cache(self) -> None:
        """Give every page that lies in a free block as a whole back to the device."""
        for pool in self.pools.values():
            page = SMALL_SEGMENT if pool.small else LARGE_SEGMENT
            for block in pool.blocks():
                begin, end = _up(block.address, page), (block.address + block.size) // page * page
                if begin < end:
                    self._unmap(block, begin, end)

    def _splits(self, block: Block, size: int) -> bool:
        return block.size - size >= BLOCK

    def _grown(self, pool: Pool, size: int) -> Block:
        page = SMALL_SEGMENT if pool.small else LARGE_SEGMENT
        hole = self._hole(pool, size)
        self._take(_up(size - _free_before(hole), page))
        hole = self._hole(pool, size)  # giving pages back may have opened an earlier one
        wanted = _up(size - _free_before(hole), page)
        if hole.size > wanted:
            hole.split(wanted)
        hole.mapped = True
        return _grown_together(hole)

    def _hole(self, pool: Pool, size: int) -> Block:
        """Return the first stretch without memory that has, with the free block before it, room for ``size``."""
        found: Block = self._ends[pool.small]
        while found.mapped or found.size + _free_before(found) < size:
            assert found.after is not None
            found = found.after
        return found

    def _unmap(self, block: Block, begin: int, end: int) -> None:
        pool = block.pool
        pool.remove(block)
        if begin > block.address:
            kept, block = block, block.split(begin - block.address)
            pool.add(kept)
        if end < block.address + block.size:
            pool.add(block.split(end - block.address))
        self.reserved -= block.size
        block.mapped = False
        if block.after is not None and not block.after.mapped:
            block.join()
        if block.before is not None and not block.before.mapped:
            block.before.join()


def _grown_together(block: Block) -> Block:
    """Return a free block joined with its free neighbours, which leave the pool."""
    if block.before is not None and _joins(block.before):
        block = block.before
        block.pool.remove(block)
        block.join()
    if block.after is not None and _joins(block.after):
        block.pool.remove(block.after)
        block.join()
    return block


def _joins(block: Block) -> bool:
    return block.free and block.mapped


def _free_before(block: Block) -> int:
    return block.before.size if block.before is not None and _joins(block.before) else 0


def _up(size: int, step: int) -> int:
    return -(-size // step) * step
