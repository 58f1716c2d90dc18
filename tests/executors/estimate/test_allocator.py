"""The model of the caching allocator, by hand and against what the driver was seen to hold."""

import pytest
from ftadvisor.executors.estimate.allocator import MIB, Allocator
from ftadvisor.executors.estimate.device import REPLAY
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.shadow.memory import Stream
from ftadvisor.knowledge.find import find_model
from hypothesis import given
from hypothesis import strategies as st


def test_segments_by_size() -> None:
    allocator = Allocator()
    allocator.take(512)
    assert allocator.reserved == 2 * MIB
    allocator.take(3 * MIB)
    assert allocator.reserved == 22 * MIB
    allocator.take(18 * MIB + 512)
    assert allocator.reserved == 42 * MIB


def test_a_freed_block_is_used_again_and_its_rest_too() -> None:
    allocator = Allocator()
    block = allocator.take(100 * MIB)
    allocator.give(block)
    halves = allocator.hold([50 * MIB, 50 * MIB])
    assert allocator.reserved == 100 * MIB
    allocator.release(halves)
    allocator.take(100 * MIB)
    assert allocator.reserved == 100 * MIB


def test_a_longer_block_than_ever_needs_a_new_segment() -> None:
    allocator = Allocator()
    allocator.give(allocator.take(100 * MIB))
    allocator.take(102 * MIB)
    assert allocator.reserved == 202 * MIB


def test_another_stream_cannot_use_what_is_free() -> None:
    allocator = Allocator()
    allocator.give(allocator.take(100 * MIB, Stream.GATHER))
    allocator.take(100 * MIB)
    assert allocator.reserved == 200 * MIB


def test_unused_segments_go_before_the_limit_is_passed() -> None:
    allocator = Allocator(limit=250 * MIB)
    allocator.give(allocator.take(100 * MIB))
    allocator.take(200 * MIB)
    assert allocator.reserved == 200 * MIB


@given(st.lists(st.tuples(st.integers(1, 300 * MIB), st.integers(0, 5)), max_size=60))
def test_segments_always_hold_what_is_in_use(requests: list[tuple[int, int]]) -> None:
    allocator, live = Allocator(), []
    for size, keep in requests:
        rounded = -(-size // 512) * 512
        live.append((allocator.take(rounded), rounded))
        assert allocator.reserved >= sum(taken for _, taken in live)
        if keep == 0:
            allocator.release([block for block, _ in live])
            live.clear()


def test_the_replayed_reserve_lies_above_the_tensors() -> None:
    for method in ("full", "lora", "qlora"):
        request = EstimateRequest(config=find_model("llama-2-7b").config, method=method, batch=2, seq_len=2048)
        plain, replayed = estimate(request).peak, estimate(request, replay=True).peak
        assert plain.allocated_bytes == replayed.allocated_bytes <= replayed.reserved_bytes < replayed.device_bytes
        assert replayed.reserved_bytes < 2 * replayed.allocated_bytes


def test_varied_lengths_widen_the_range_and_are_likely_to_end_in_its_middle() -> None:
    request = EstimateRequest(config=find_model("llama-2-7b").config, batch=2, seq_len=2048)
    one = estimate(request, replay=True).peak
    many = estimate(request.model_copy(update={"varied": True}), replay=True).peak
    assert many.low_bytes == one.low_bytes
    assert many.high_bytes > one.high_bytes
    grown = (many.high_bytes - one.high_bytes) / (1 + REPLAY)
    assert many.device_bytes - one.device_bytes == pytest.approx(grown / 2, rel=0.01)
