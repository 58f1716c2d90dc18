"""Sharing over devices, and optimizers' memory, by hand."""

import pytest
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.optimizers import Trained, optimizer_need
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.result import Estimate
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.find import find_model

LLAMA_7B = find_model("llama-2-7b").config
NUMBERS = 6_738_415_616


def shared(parallel: str, **values: object) -> Estimate:
    settings = {"method": "full", "amp": False, "seq_len": 16, "gpus": 8, "parallel": parallel, **values}
    return estimate(EstimateRequest.model_validate({"config": LLAMA_7B, **settings}))


def part(answer: Estimate, name: str) -> int:
    return {part.name: part.bytes for part in answer.breakdown}.get(name, 0)


def test_zero_shares_states_then_gradients_then_weights() -> None:
    one, two, three = (shared(f"zero{stage}") for stage in (1, 2, 3))
    for answer in (one, two, three):
        assert part(answer, "optimizer") == pytest.approx(8 * NUMBERS / 8, rel=1e-3)
        assert part(answer, "master") == pytest.approx(4 * NUMBERS / 8, rel=1e-3)
        assert part(answer, "buckets") == 2 * 4096**2 * 2
    assert part(one, "weights") == part(two, "weights") == 2 * NUMBERS
    assert part(three, "weights") == pytest.approx(2 * NUMBERS / 8, rel=1e-3)
    assert one.phases["clip"] - two.phases["clip"] == pytest.approx(2 * NUMBERS * 7 / 8, rel=1e-3)


def test_offloading_leaves_what_computes() -> None:
    whole, states, weights = (shared("zero3", offload=what) for what in ("none", "optimizer", "parameters"))
    assert part(states, "optimizer") == part(states, "master") == 0
    assert part(weights, "weights") == 0
    assert weights.peak.allocated_bytes < states.peak.allocated_bytes < whole.peak.allocated_bytes


def test_ddp_adds_buckets_as_large_as_the_gradients() -> None:
    assert part(shared("ddp"), "buckets") == 2 * NUMBERS


def test_what_nobody_can_offload_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="zero1, zero2, zero3"):
        shared("ddp", offload="optimizer")


def test_muon_keeps_one_moment_of_matrices_and_two_of_the_rest() -> None:
    matrix, embedding = Trained((1024, 4096), 2, 3), Trained((32000, 1024), 2, 1, inner=False)
    need = optimizer_need("muon", [matrix, embedding])
    assert need.state == 3 * 2 * 1024 * 4096 + 2 * 2 * 32000 * 1024
    assert need.temporary == 2 * 2 * 1024 * 4096 + 2 * 2 * 1024**2


def test_galore_keeps_a_projector_and_moments_of_its_rank() -> None:
    need = optimizer_need("galore_adamw", [Trained((1024, 4096), 2, 1)])
    assert need.state == 2 * 128 * 1024 + 2 * 2 * 128 * 4096
    assert need.temporary == 4 * (1024 * 4096 + 1024 * (1024 + 4096))
