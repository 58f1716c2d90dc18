"""The fast model of the caching allocator and the one with all rules agree where both know the rules."""

from ftadvisor.executors.estimate.allocator import SMALL_SEGMENT, Block
from ftadvisor.executors.estimate.allocator import Allocator as Fast
from ftadvisor.executors.estimate.exact.allocator import Allocator as Full
from ftadvisor.executors.estimate.exact.allocator import DeviceFullError
from ftadvisor.executors.estimate.weights import rounded
from hypothesis import given, settings
from hypothesis import strategies as st

MIB = 2**20
LARGE = st.integers(MIB + 1, 64 * MIB)
ANY = st.one_of(st.integers(1, 2 * MIB), LARGE)
RELEASE = st.integers(-30, -1)


def play(fast: Fast, full: Full, steps: list[int]) -> None:
    """Take positive sizes from both allocators; a negative number gives one of the live blocks back."""
    live: dict[int, Block] = {}
    for number, step in enumerate(steps):
        if step > 0:
            full.allocate(number, step)
            live[number] = fast.take(rounded(step))
        elif live:
            name = list(live)[step % len(live)]
            full.release(name)
            fast.give(live.pop(name))


@given(steps=st.lists(st.one_of(LARGE, RELEASE), max_size=80))
@settings(deadline=None)
def test_large_blocks_take_the_same_segments(steps: list[int]) -> None:
    fast, full = Fast(), Full()
    play(fast, full, steps)
    assert fast.reserved == full.peak_reserved


@given(steps=st.lists(st.one_of(LARGE, RELEASE), max_size=80), limit=st.integers(64, 512))
@settings(deadline=None)
def test_a_full_device_gets_the_same_segments_back(steps: list[int], limit: int) -> None:
    fast, full = Fast(limit * MIB), Full(limit * MIB)
    try:
        play(fast, full, steps)
    except DeviceFullError:
        return
    assert fast.reserved == full.reserved


@given(steps=st.lists(st.one_of(ANY, RELEASE), max_size=80))
@settings(deadline=None)
def test_the_fast_one_leaves_out_only_gaps_between_small_blocks(steps: list[int]) -> None:
    fast, full = Fast(), Full()
    play(fast, full, steps)
    small = sum(0 < step <= MIB for step in steps)
    assert 0 <= full.peak_reserved - fast.reserved <= small * SMALL_SEGMENT
