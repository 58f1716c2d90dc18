"""Generating text: the cache is as large as the real one, and reading a prompt needs about what it really needs."""

from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.cache import cache_sizes
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.result import Estimate
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.find import find_model

from . import test_families, tiny
from .test_shadow import metered

torch = pytest.importorskip("torch")

BATCH, LENGTH, IDS = 2, 96, 6 * 8


def part(answer: Estimate, name: str) -> int:
    return {part.name: part.bytes for part in answer.breakdown}.get(name, 0)


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma2", "gemma3_text", "phi3"])
@pytest.mark.parametrize("window", [None, 32])
def test_prompt_and_cache_of_a_decoder(family: str, window: int | None) -> None:
    config: dict[str, Any] = tiny.CONFIGS[family] | {"sliding_window": window or 4096}
    model = tiny.real_model(config, meta=False).eval()
    ids = torch.randint(3, 500, (BATCH, LENGTH))
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), ids)}
    with torch.no_grad(), metered(known) as meter:
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
    sizes = cache_sizes(config, architecture_of(config), BATCH, LENGTH, 4)
    assert sizes == [layer.keys.nbytes for layer in cache.layers]
    values: dict[str, Any] = {"dtype": "fp32", "attention": "eager", "device": "cpu"}
    answer = estimate(EstimateRequest(config=config, method="inference", batch=BATCH, seq_len=LENGTH, **values))
    reading = answer.phases["forward"] - answer.phases["load"] - BATCH * LENGTH * IDS - BATCH * 512 * 4
    if window is None:  # a window's cut-off keys live on as parts of whole ones while they are read
        assert reading == pytest.approx(meter.peak, rel=0.08)


def test_the_cache_of_an_encoder_decoder_keeps_the_encoder_s_keys_too() -> None:
    model = test_families.real("t5").eval()
    ids, start = torch.randint(3, 500, (BATCH, LENGTH)), torch.ones(BATCH, 1, dtype=torch.long)
    with torch.no_grad():
        cache = model(input_ids=ids, decoder_input_ids=start, use_cache=True).past_key_values
    layers = [*cache.self_attention_cache.layers, *cache.cross_attention_cache.layers]
    real = sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)
    request = EstimateRequest(
        config=test_families.T5, method="inference", batch=BATCH, seq_len=LENGTH, dtype="fp32", new_tokens=1
    )
    answer = estimate(request.model_copy(update={"device": "cpu"}))
    own_token = 3 * 2 * BATCH * 128 * 4
    assert answer.steady_bytes - answer.phases["load"] == real + own_token


def test_more_new_tokens_take_more_and_half_as_many_key_heads_half() -> None:
    config = find_model("llama-3.1-8b").config
    few, many = (
        estimate(EstimateRequest(config=config, method="inference", new_tokens=tokens)) for tokens in (1024, 65536)
    )
    per_token = 2 * 32 * 8 * 128 * 2
    assert many.steady_bytes - few.steady_bytes == (65536 - 1024) * per_token
    assert part(many, "cache") == (1024 + 65536) * per_token
    assert many.peak.phase == "step"
    assert many.trainable_parameters == 0
    assert many.time is None


def test_packed_weights_are_read_with_the_same_cache() -> None:
    config = find_model("llama-3.1-8b").config
    packed = estimate(EstimateRequest(config=config, method="inference", quant="nf4-dq"))
    assert packed.peak.allocated_bytes < 7 * 2**30


def test_several_devices_are_refused() -> None:
    config = find_model("llama-3.1-8b").config
    with pytest.raises(UnsupportedError, match="one GPU"):
        estimate(EstimateRequest(config=config, method="inference", gpus=2, parallel="fsdp"))
