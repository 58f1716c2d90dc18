"""How fast a model reads and writes: bounds that hold for any card and order as physics does."""

import pytest
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.throughput import throughput_of
from ftadvisor.knowledge.find import find_gpu, find_model

CARD = find_model("7b")
REQUEST = EstimateRequest(config=CARD.config, method="lora")


def test_writing_is_bound_by_reading_the_weights_once_per_token() -> None:
    gpu = find_gpu("a100")
    found = throughput_of(REQUEST, gpu)
    assert found.writing is not None
    bound = gpu.bandwidth_gb_per_s * 1e9 / (2 * CARD.parameters)
    low, likely, high = found.writing
    assert 0 < low < likely < high < bound


def test_four_bits_and_larger_batches_write_more() -> None:
    gpu = find_gpu("a100")
    plain = throughput_of(REQUEST, gpu).writing
    packed = throughput_of(REQUEST.model_copy(update={"quant": "nf4", "method": "qlora"}), gpu).writing
    many = throughput_of(REQUEST.model_copy(update={"batch": 8}), gpu).writing
    assert plain is not None
    assert packed is not None
    assert many is not None
    assert packed[1] > 2 * plain[1]
    assert plain[1] < many[1] < 8 * plain[1]


def test_embedding_takes_the_tokens_by_the_reading_speed() -> None:
    card = find_model("bert-base-uncased")
    request = EstimateRequest(config=card.config, method="full", labels=2, seq_len=256)
    found = throughput_of(request, find_gpu("a100"), 10**9)
    assert found.writing is None
    assert found.embed_hours is not None
    low, likely, high = found.embed_hours
    assert low < likely < high
    assert likely * 3600 * found.reading[1] == pytest.approx(10**9)
