"""A packed cache takes what the real one takes, and as much while a token is written."""

import pytest
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.packed_cache import packed_bytes, packing_bytes, writing_bytes
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.result import Estimate
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.find import find_model

from .test_shadow import metered

torch = pytest.importorskip("torch")

SHAPE = (2, 4, 512, 64)
NUMBERS = 2 * 4 * 512 * 64


def test_eight_bit_floats_take_what_transformers_takes() -> None:
    from transformers.cache_utils import Fp8QuantizedLayer

    layer = Fp8QuantizedLayer()
    prompt, token = (torch.randn(*SHAPE[:2], length, SHAPE[3], dtype=torch.bfloat16) for length in (SHAPE[2], 1))
    with torch.no_grad(), metered({prompt.untyped_storage()._cdata, token.untyped_storage()._cdata}) as meter:
        layer.update(prompt, prompt)
        kept, reading = meter.current, meter.peak
        meter.peak = meter.current
        layer.update(token, token)
        writing = meter.peak
    assert kept == pytest.approx(2 * packed_bytes("fp8", NUMBERS, 2), rel=0.01)
    assert reading - packed_bytes("fp8", NUMBERS, 2) == pytest.approx(packing_bytes("fp8", NUMBERS, 2), rel=0.2)
    assert writing - kept == pytest.approx(writing_bytes("fp8", NUMBERS, 2), rel=0.02)


def test_four_bits_take_a_quarter_and_a_scale_and_a_shift_per_64_numbers() -> None:
    assert packed_bytes("int4", 6400, 2) == 3200 + 100 * 4
    assert packed_bytes("int2", 6400, 2) == 1600 + 100 * 4


def answered(**values: object) -> Estimate:
    config = find_model("llama-3.1-8b").config
    return estimate(EstimateRequest(config=config, method="inference", seq_len=32768, **values))  # type: ignore[arg-type]


def test_fewer_bits_take_less_between_steps_and_the_newest_tokens_stay_whole() -> None:
    steady = [answered(cache_quant=kind).steady_bytes for kind in ("none", "fp8", "int4", "int2")]
    assert steady == sorted(steady, reverse=True)
    few, many = (answered(cache_quant="int4", new_tokens=tokens).steady_bytes for tokens in (1, 127))
    whole_token, packed_token = (2 * 32 * 1024 * share for share in (2, 0.5 + 4 / 64))
    assert many - few == pytest.approx(126 * (whole_token + packed_token), rel=0.01)


def test_training_keeps_no_cache() -> None:
    with pytest.raises(UnsupportedError, match="--method inference"):
        estimate(EstimateRequest(config=find_model("llama-3.1-8b").config, method="lora", cache_quant="fp8"))
