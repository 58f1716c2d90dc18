"""The allocator's model keeps the books that PyTorch's caching allocator keeps."""

from collections.abc import Hashable

import pytest
from ftadvisor.executors.estimate.exact.allocator import (
    BLOCK,
    LARGE_SEGMENT,
    SMALL,
    SMALL_SEGMENT,
    Allocator,
    DeviceFullError,
    ExpandableAllocator,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MIB = 2**20
SIZES = st.one_of(st.integers(1, 4096), st.integers(1, 2 * MIB), st.integers(MIB, 64 * MIB))
STEPS = st.lists(st.one_of(SIZES, st.integers(-30, -1)), max_size=60)
"""A positive number is allocated; a negative one releases one of the live owners."""
KINDS = pytest.mark.parametrize("kind", [Allocator, ExpandableAllocator])


def play(allocator: Allocator, steps: list[int]) -> dict[Hashable, int]:
    """Carry out the steps and return what lives, with the sizes asked for."""
    live: dict[Hashable, int] = {}
    for number, step in enumerate(steps):
        if step > 0:
            allocator.allocate(number, step)
            live[number] = step
        elif live:
            name = list(live)[step % len(live)]
            allocator.release(name)
            del live[name]
    return live


@KINDS
@given(steps=STEPS)
@settings(deadline=None)
def test_what_lives_lies_in_what_is_reserved(kind: type[Allocator], steps: list[int]) -> None:
    allocator = kind()
    live = play(allocator, steps)
    held = allocator.live_sizes()
    assert set(held) == set(live)
    assert all(size <= held[name] <= -(-size // BLOCK) * BLOCK + SMALL for name, size in live.items())
    assert allocator.allocated == sum(held.values()) <= allocator.reserved <= allocator.peak_reserved
    assert allocator.allocated <= allocator.peak_allocated


@KINDS
@given(steps=STEPS)
@settings(deadline=None)
def test_free_neighbours_grow_together(kind: type[Allocator], steps: list[int]) -> None:
    """When all owners are gone, every segment is one free block again, so that emptying the cache leaves nothing."""
    allocator = kind()
    for name in play(allocator, steps):
        allocator.release(name)
    assert allocator.allocated == 0
    allocator.empty_cache()
    assert allocator.reserved == 0


@KINDS
@given(steps=STEPS)
@settings(deadline=None)
def test_emptying_the_cache_takes_nothing_from_anyone(kind: type[Allocator], steps: list[int]) -> None:
    allocator = kind()
    play(allocator, steps)
    before = allocator.live_sizes()
    allocator.empty_cache()
    assert allocator.live_sizes() == before
    assert allocator.allocated <= allocator.reserved


@KINDS
@given(steps=STEPS, limit=st.integers(1, 200).map(lambda count: count * MIB))
@settings(deadline=None)
def test_a_limit_is_never_passed(kind: type[Allocator], steps: list[int], limit: int) -> None:
    allocator = kind(limit)
    try:
        play(allocator, steps)
    except DeviceFullError:
        assert allocator.emptied
    assert allocator.peak_reserved <= limit


@given(steps=STEPS)
@settings(deadline=None)
def test_a_roomy_device_takes_as_much_as_one_without_end(steps: list[int]) -> None:
    endless, roomy = Allocator(), Allocator(2**50)
    play(endless, steps)
    play(roomy, steps)
    assert (endless.peak_reserved, endless.peak_allocated) == (roomy.peak_reserved, roomy.peak_allocated)


@pytest.mark.parametrize(
    ("size", "allocated", "reserved"),
    [
        (1, BLOCK, SMALL_SEGMENT),
        (513, 2 * BLOCK, SMALL_SEGMENT),
        (SMALL, SMALL, SMALL_SEGMENT),
        (SMALL + 1, SMALL + BLOCK, LARGE_SEGMENT),
        (10 * MIB, 10 * MIB, 10 * MIB),
        (11 * MIB, 12 * MIB, 12 * MIB),  # a rest of 1 MiB is not split off
        (20 * MIB + BLOCK, 20 * MIB + BLOCK, 22 * MIB),
    ],
)
def test_one_block_takes_one_segment(size: int, allocated: int, reserved: int) -> None:
    allocator = Allocator()
    allocator.allocate("one", size)
    assert (allocator.allocated, allocator.reserved) == (allocated, reserved)


def test_the_best_fit_is_taken_and_a_small_rest_stays_with_it() -> None:
    allocator = Allocator()
    for name, size in (("wide", 40 * MIB), ("narrow", 30 * MIB)):
        allocator.allocate(name, size)
    for name in ("wide", "narrow"):
        allocator.release(name)
    allocator.allocate("new", 29 * MIB + BLOCK)
    assert allocator.allocated == 30 * MIB
    assert allocator.reserved == 70 * MIB


def test_a_full_device_gives_cached_segments_back_before_it_refuses() -> None:
    allocator = Allocator(100 * MIB)
    allocator.allocate("first", 60 * MIB)
    allocator.release("first")
    allocator.allocate("second", 80 * MIB)
    assert (allocator.emptied, allocator.reserved) == (1, 80 * MIB)
    with pytest.raises(DeviceFullError):
        allocator.allocate("third", 40 * MIB)


def test_expandable_segments_do_not_strand_freed_memory() -> None:
    """Two freed neighbours serve a block that neither could, where the native allocator asks for more."""
    native, expandable = Allocator(), ExpandableAllocator()
    for allocator in (native, expandable):
        for name in ("first", "second"):
            allocator.allocate(name, 40 * MIB)
        for name in ("first", "second"):
            allocator.release(name)
        allocator.allocate("large", 80 * MIB)
    assert (native.reserved, expandable.reserved) == (160 * MIB, 80 * MIB)
