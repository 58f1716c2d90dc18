"""What fits on a device: the figures really fit, and one step more does not."""

import pytest
from ftadvisor.executors.estimate.capacity import STEP, capacities
from ftadvisor.executors.estimate.compare import for_method
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.knowledge.find import find_gpu, find_model

MEMORY = find_gpu("4090").memory_bytes
CARD = find_model("7b")
REQUEST = EstimateRequest(config=CARD.config, model=CARD.id)


@pytest.mark.parametrize("method", ["lora", "qlora", "prefix_tuning"])
def test_the_largest_batch_fits_and_one_more_does_not(method: str) -> None:
    found = next(one for one in capacities(REQUEST, MEMORY, own_model=True) if one.method == method)
    asked = for_method(REQUEST, method)
    assert found.batch > 0
    assert estimate(asked.model_copy(update={"batch": found.batch})).peak.high_bytes <= MEMORY
    assert estimate(asked.model_copy(update={"batch": found.batch + 1})).peak.high_bytes > MEMORY


def test_the_longest_sequence_ends_at_the_memory_or_at_the_models_context() -> None:
    for found in capacities(REQUEST, MEMORY, own_model=True):
        if not found.longest:
            continue
        asked = for_method(REQUEST, found.method)
        assert estimate(asked.model_copy(update={"seq_len": found.longest})).peak.high_bytes <= MEMORY
        longer = estimate(asked.model_copy(update={"seq_len": found.longest + STEP})).peak.high_bytes > MEMORY
        assert longer != found.context


def test_without_a_model_the_largest_that_fits_is_judged() -> None:
    found = {one.method: one for one in capacities(REQUEST, MEMORY, own_model=False)}
    assert found["qlora"].largest_parameters > found["lora"].largest_parameters > found["full"].largest_parameters
    assert found["qlora"].model == found["qlora"].largest_model
    assert found["lora"].batch >= 1


def test_where_nothing_fits_nothing_is_told() -> None:
    assert capacities(REQUEST, 2**20, own_model=False) == []
