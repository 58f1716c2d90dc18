"""Estimates that can be computed by hand, and what they must never do."""

import subprocess
import sys
import time
from typing import Any

import pytest
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.methods.find import method_names
from ftadvisor.executors.estimate.model_config import config_of
from ftadvisor.executors.estimate.remedies import ORDER, remedies, single_remedies
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.result import Estimate
from ftadvisor.executors.estimate.storage import four_bit_bytes
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.find import find_model
from hypothesis import given, settings
from hypothesis import strategies as st

GB = 10**9
SEVEN_B = find_model("7b")
LLAMA_7B = find_model("llama-2-7b").config
LLAMA_13B = find_model("llama-2-13b").config


def estimated(config: Any = LLAMA_7B, **values: Any) -> Estimate:
    return estimate(EstimateRequest(config=config, **values))


def part(answer: Estimate, name: str) -> int:
    return {part.name: part.bytes for part in answer.breakdown}.get(name, 0)


def test_full_fine_tuning_of_7b_as_in_the_article() -> None:
    answer = estimated(method="full", amp=False, optimizer="adamw_torch", seq_len=16)
    assert answer.peak.phase == "step"
    assert part(answer, "weights") == pytest.approx(14 * GB, rel=0.04)
    assert part(answer, "gradients") == pytest.approx(14 * GB, rel=0.04)
    assert part(answer, "optimizer") == pytest.approx(28 * GB, rel=0.04)


def test_weights_gradients_and_states_are_exact() -> None:
    parameters = 6_738_415_616
    answer = estimated(method="full", amp=False, optimizer="adamw_torch", seq_len=16)
    assert answer.parameters == answer.trainable_parameters == parameters
    assert part(answer, "weights") == part(answer, "gradients") == part(answer, "temporary") == 2 * parameters
    assert part(answer, "optimizer") == 4 * parameters
    assert answer.phases["step"] == sum(part.bytes for part in answer.breakdown) == answer.peak.allocated_bytes


def test_qlora_of_13b_fits_24_gb_and_lora_does_not() -> None:
    qlora, lora = (estimated(LLAMA_13B, method=method, gpu=("rtx-4090",), seq_len=1024) for method in ("qlora", "lora"))
    assert qlora.fits[0].fits
    assert not lora.fits[0].fits


def test_four_bit_storage_by_hand() -> None:
    elements = 14336 * 4096
    blocks = elements // 64
    assert four_bit_bytes(elements, nested=False) == elements // 2 + 512 + blocks * 4
    assert four_bit_bytes(elements, nested=True) == elements // 2 + 512 + blocks + blocks // 256 * 4 + 512


def test_a_fused_optimizer_has_no_temporaries() -> None:
    foreach, fused = (
        estimated(method="full", amp=False, seq_len=16, optimizer=name) for name in ("adamw_torch", "adamw_torch_fused")
    )
    assert foreach.phases["step"] - fused.phases["step"] == 2 * foreach.parameters


def test_eight_bit_states_take_two_bytes_and_scales() -> None:
    answer = estimated(method="full", amp=False, seq_len=16, optimizer="adamw_8bit")
    assert part(answer, "optimizer") / answer.parameters == pytest.approx(2 + 2 * 4 / 256, rel=1e-3)


def test_checkpointing_trades_memory_for_time() -> None:
    kept, recomputed = (
        estimated(method="lora", seq_len=2048, gpu=("a100-80gb",), grad_checkpointing=flag) for flag in (False, True)
    )
    assert recomputed.peak.allocated_bytes < kept.peak.allocated_bytes
    assert kept.time is not None
    assert recomputed.time is not None
    assert recomputed.time.step_seconds > kept.time.step_seconds


def test_ranges_are_in_order_and_fit_means_the_high_end() -> None:
    for method in ("full", "lora", "qlora"):
        answer = estimated(method=method, gpu=("a100-80gb", "t4"), train_tokens=10**6)
        peak = answer.peak
        assert peak.low_bytes <= peak.device_bytes <= peak.high_bytes
        assert peak.allocated_bytes <= peak.reserved_bytes <= peak.device_bytes
        assert answer.time is not None
        assert answer.time.run_hours is not None
        assert answer.time.run_hours == tuple(sorted(answer.time.run_hours))
        for fit in answer.fits:
            assert fit.fits == (fit.headroom_bytes >= 0)


def test_accumulated_gradients_are_there_in_the_next_forward_pass() -> None:
    once, twice = (estimated(method="full", amp=False, seq_len=16, grad_accum=steps) for steps in (1, 2))
    assert twice.phases["forward"] - once.phases["forward"] == 2 * once.parameters
    assert twice.phases["step"] == once.phases["step"]


def test_sharding_over_two_devices_halves_what_stays() -> None:
    one = estimated(method="full", amp=False, optimizer="adamw_torch", seq_len=16)
    two = estimated(method="full", amp=False, optimizer="adamw_torch", seq_len=16, gpus=2, parallel="fsdp")
    assert two.phases["step"] == pytest.approx(one.phases["step"] / 2, rel=0.01)


def test_copies_on_every_device_need_buckets_for_their_gradients() -> None:
    one = estimated(method="full", amp=False, seq_len=16)
    two = estimated(method="full", amp=False, seq_len=16, gpus=2, parallel="ddp")
    assert two.phases["step"] - one.phases["step"] == 2 * one.parameters


@pytest.mark.parametrize(
    "values",
    [
        {"config": {"model_type": "mamba"}},
        {"method": "magic"},
        {"method": "full", "quant": "nf4"},
        {"method": "lora", "quant": "gptq", "variant": "dora"},
        {"config": LLAMA_7B | {"quantization_config": {"quant_method": "awq", "bits": 4}}},
        {"method": "lora", "targets": ("w_q",)},
        {"method": "lora", "targets": ("q_proj", "w_q")},
        {"method": "adalora", "targets": ("q_proj", "w_q")},
        {"method": "ia3", "targets": ("q_proj", "w_q")},
        {"method": "full", "variant": "dora"},
        {"method": "full", "gpus": 2},
        {"method": "full", "parallel": "fsdp"},
        {"method": "full", "stack": "transformers-3"},
        {"config": {"model_type": "llama", "hidden_size": 128}},
    ],
)
def test_what_is_not_known_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError, match="unsupported"):
        estimate(EstimateRequest.model_validate({"config": LLAMA_7B} | values))


SMALL = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 320,
}
METHODS = [name for name in method_names() if name not in {"bitfit", "inference"}]
sizes = st.integers(1, 400)


@given(method=st.sampled_from(METHODS), batch=st.integers(1, 16), length=sizes, more=st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_more_rows_or_longer_rows_never_need_less(method: str, batch: int, length: int, more: int) -> None:
    values: dict[str, Any] = {"method": method, "grad_checkpointing": False}
    small = estimated(SMALL, **values, batch=batch, seq_len=length).peak.allocated_bytes
    assert estimated(SMALL, **values, batch=batch + more, seq_len=length).peak.allocated_bytes >= small
    assert estimated(SMALL, **values, batch=batch, seq_len=length + more).peak.allocated_bytes >= small


@given(method=st.sampled_from(["lora", "qlora", "adalora"]), rank=st.integers(1, 256), more=st.integers(1, 64))
@settings(max_examples=30, deadline=None)
def test_a_higher_rank_never_needs_less(method: str, rank: int, more: int) -> None:
    low, high = (estimated(SMALL, method=method, rank=value, seq_len=32) for value in (rank, rank + more))
    assert high.trainable_parameters > low.trainable_parameters
    assert high.peak.allocated_bytes >= low.peak.allocated_bytes


@given(method=st.sampled_from(METHODS), length=sizes, checkpointing=st.booleans())
@settings(max_examples=40, deadline=None)
def test_parts_add_up_to_the_peak(method: str, length: int, checkpointing: bool) -> None:
    checkpointing = checkpointing and method not in {"prefix_tuning", "p_tuning_v2"}
    answer = estimated(SMALL, method=method, seq_len=length, grad_checkpointing=checkpointing)
    assert sum(part.bytes for part in answer.breakdown) == answer.peak.allocated_bytes == max(answer.phases.values())


def test_an_estimate_imports_no_heavy_library() -> None:
    script = (
        "import sys; from ftadvisor.executors.estimate.estimate import estimate;"
        "from ftadvisor.executors.estimate.request import EstimateRequest;"
        f"estimate(EstimateRequest(config={SMALL!r}));"
        "print(sorted({'torch', 'numpy', 'transformers', 'peft', 'faiss', 'questionary'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ten_estimates_of_a_large_model_are_instant() -> None:
    """A guard against playing every layer one by one, with room for a busy machine; the benchmark measures."""
    before = time.process_time()
    for length in range(512, 522):
        estimated(LLAMA_13B, method="qlora", seq_len=length)
    assert time.process_time() - before < 2


def test_remedies_start_with_the_cheapest_and_end_in_a_fit() -> None:
    request = EstimateRequest(config=LLAMA_7B, method="lora", batch=8, seq_len=2048, grad_checkpointing=False)
    memory = 12 * 2**30
    found = remedies(request, memory)
    assert [remedy.change.kind for remedy in found] == ["checkpointing", "batch", "qlora"]
    assert found[1].change.fields == {"batch": 1, "grad_accum": 8}
    needs = [remedy.estimate.peak.high_bytes for remedy in found]
    assert needs == sorted(needs, reverse=True)
    assert needs[-1] <= memory < needs[-2]


def test_changes_that_turn_out_not_to_be_needed_are_dropped() -> None:
    request = EstimateRequest(config=LLAMA_7B, method="full")
    assert [remedy.change.kind for remedy in remedies(request, 24 * 2**30)] == ["qlora"]


def test_single_changes_tell_which_of_them_is_enough() -> None:
    request = EstimateRequest(config=LLAMA_7B, method="full", batch=4, seq_len=2048)
    found = {remedy.change.kind: remedy for remedy in single_remedies(request, 24 * 2**30)}
    assert list(found) == [kind for kind in ORDER if kind in found]
    assert {kind for kind, remedy in found.items() if remedy.fits} == {"qlora", "sharding"}
    assert "checkpointing" not in found  # it is on already


def test_no_remedy_for_what_fits_or_never_will() -> None:
    request = EstimateRequest(config=LLAMA_7B, method="lora")
    assert remedies(request, 80 * 2**30) == []
    assert remedies(request, 2**30) == []


def test_a_copy_under_another_account_has_the_shapes_of_what_it_copies() -> None:
    name, config = config_of("NousResearch/Llama-2-70b-hf")
    assert name == "NousResearch/Llama-2-70b-hf"
    assert config == config_of("llama-2-70b")[1]
    with pytest.raises(UserError, match="somebody/Llama-2-71b-hf"):
        config_of("somebody/Llama-2-71b-hf")
