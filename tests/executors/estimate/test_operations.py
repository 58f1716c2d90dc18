"""What a step computes, and how fast a GPU does it."""

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import with_lengths
from ftadvisor.executors.estimate.methods.find import method_of
from ftadvisor.executors.estimate.operations import operations_of
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.utilisation import utilisation_of
from ftadvisor.knowledge.find import find_gpu, find_model

from . import test_families, tiny

torch = pytest.importorskip("torch")

BATCH, SOURCE, TARGET = 2, 96, 48


def operations(config: dict[str, object], **values: object) -> float:
    shape = {"config": config, "batch": BATCH, "seq_len": SOURCE, "grad_checkpointing": False, "method": "full"}
    request = EstimateRequest.model_validate(shape | values)
    architecture = architecture_of(request.config)
    request = with_lengths(request, architecture)
    trained = architecture.parameters if request.method == "full" else 0
    return operations_of(request, architecture, method_of(request), trained)


def counted(model: object, **inputs: object) -> float:
    """Return what PyTorch's own counter finds in a real step; it counts written-out attention of all pairs."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(**inputs).loss.backward()  # type: ignore[operator]
    return float(counter.get_total_flops())


@pytest.mark.parametrize("target", [TARGET, 192])
def test_an_encoder_decoder_computes_with_both_lengths(target: int) -> None:
    ids = torch.randint(3, 500, (BATCH, SOURCE))
    labels = torch.randint(3, 500, (BATCH, target))
    real = counted(test_families.real("t5"), input_ids=ids, labels=labels, use_cache=False)
    unmet = 3 * 4 * 128 * 3 * BATCH * target * target / 2  # pairs that causal attention need not compute
    assert operations(test_families.T5, target_len=target) == pytest.approx(real - unmet, rel=0.01)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt"])
def test_decoders_compute_what_the_real_step_computes(family: str) -> None:
    ids = torch.randint(1, 500, (BATCH, SOURCE))
    real = counted(tiny.real_model(tiny.CONFIGS[family], meta=False), input_ids=ids, labels=ids, use_cache=False)
    unmet = 3 * 4 * 128 * 3 * BATCH * SOURCE * SOURCE / 2
    assert operations(tiny.CONFIGS[family]) == pytest.approx(real - unmet, rel=0.01)


def test_a_gpu_s_own_measurements_come_before_those_of_others() -> None:
    h100, a100, l4 = (utilisation_of("full", find_gpu(name)) for name in ("h100-sxm", "a100-80gb", "l4"))
    assert h100.likely < l4.likely <= a100.likely
    assert not l4.gpus
    used = {
        (method, gpu): estimate(EstimateRequest(config=find_model("7b").config, method=method, gpu=(gpu,))).assumptions[
            -1
        ]
        for method, gpu in (("full", "l4"), ("full", "h100-sxm"), ("lora", "h100-sxm"))
    }
    assert "no published run on NVIDIA L4" in used["full", "l4"]
    assert "as published runs on H100" in used["full", "h100-sxm"]
    assert "scaled from" in used["lora", "h100-sxm"]


def test_an_h100_is_faster_than_an_a100_by_less_than_its_peak() -> None:
    config = find_model("7b").config
    times = [estimate(EstimateRequest(config=config, method="full", gpu=(name,))).time for name in ("a100", "h100-sxm")]
    slow, fast = (time.step_seconds[1] for time in times if time is not None)
    assert 1 < slow / fast < find_gpu("h100-sxm").bf16_tflops / find_gpu("a100").bf16_tflops  # type: ignore[operator]
