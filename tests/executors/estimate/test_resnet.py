"""ResNet: counted as transformers counts it, and as much memory as the real step."""

from typing import Any

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.inputs import batch_bytes, with_lengths
from ftadvisor.executors.estimate.methods.find import method_of
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.settings import filled
from ftadvisor.executors.estimate.step import Step
from ftadvisor.executors.estimate.storage import placement_of
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.executors.estimate.weights import rounded
from ftadvisor.knowledge.find import find_model
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.stack import Stack

from .test_shadow import metered

torch = pytest.importorskip("torch")

BATCH = 2
CONFIG: dict[str, Any] = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [32, 64, 128],
    "depths": [2, 3, 2],
    "image_size": 64,
    "num_labels": 10,
    "architectures": ["ResNetForImageClassification"],
}
KINDS: list[dict[str, Any]] = [
    {},
    {"layer_type": "basic"},
    {"downsample_in_bottleneck": True},
    {"downsample_in_first_stage": True},
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_step_needs_what_the_real_step_needs(kind: dict[str, Any]) -> None:
    from transformers import AutoConfig, AutoModelForImageClassification

    config = CONFIG | kind
    model = AutoModelForImageClassification.from_config(AutoConfig.for_model(**config)).train()
    batch = {"pixel_values": torch.randn(BATCH, 3, 64, 64), "labels": torch.zeros(BATCH, dtype=torch.long)}
    known = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers(), *batch.values())}
    with metered(known) as meter:
        loss = model(**batch).loss
        forward, meter.peak = meter.peak, meter.current
        loss.backward()
    values: dict[str, Any] = {"dtype": "fp32", "amp": False, "device": "cpu", "grad_checkpointing": False}
    request = filled(EstimateRequest(config=config, method="full", batch=BATCH, **values))
    architecture = architecture_of(request.config)
    request = with_lengths(request, architecture)
    step = Step(request, architecture, method_of(request), placement_of(request), load(Stack)["current"])
    peaks, held = step.play(), sum(map(rounded, batch_bytes(request, architecture)))
    assert architecture.parameters == sum(weight.numel() for weight in model.parameters())
    assert peaks.bytes["forward"] - held == pytest.approx(forward, rel=0.005)
    assert peaks.bytes["backward"] - held == pytest.approx(meter.peak, rel=0.03)


def test_an_image_takes_the_published_number_of_operations() -> None:
    """torchvision publishes 4.09 billion multiplications for one image of 224 x 224 pixels."""
    architecture = architecture_of(find_model("resnet-50").config)
    assert architecture.products * architecture.positions == pytest.approx(4.09e9, rel=0.01)


def test_there_is_nothing_to_checkpoint_and_nothing_for_lora() -> None:
    config = find_model("resnet-50").config
    with_, without = (
        estimate(EstimateRequest(config=config, method="full", batch=8, grad_checkpointing=on)) for on in (True, False)
    )
    assert with_.peak == without.peak
    with pytest.raises(UnsupportedError, match="no linear"):
        estimate(EstimateRequest(config=config, method="lora"))
