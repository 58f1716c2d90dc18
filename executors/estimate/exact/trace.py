"""Trace a training: build the model on the simulated GPU, make two optimizer steps, and return what happened."""

from collections.abc import Callable
from typing import Any

from ..request import EstimateRequest
from . import attention, autocast, construction, device, kernels
from .model import build
from .step import train
from .tracker import Trace, Tracker


def prepare() -> None:
    """Register the device and replace what PyTorch lacks for it; once per process, and for good."""
    device.register()
    for shims in (construction, kernels, autocast, attention):
        shims.install()


def trace(request: EstimateRequest, told: Callable[[str], None]) -> tuple[Trace, dict[str, int]]:
    """Return what happened on the device, and the numbers of all and of trained parameters.

    Args:
        request: The run's settings, filled in.
        told: Receives the name of each phase as it begins.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    tracker = Tracker()
    with FakeTensorMode(allow_non_fake_inputs=True), tracker.watching():
        told("load")
        tracker.begin("load")
        model = build(request, tracker)
        counted = _counted(request, model)
        train(request, model, tracker, told)
    return tracker.trace, counted


def _counted(request: EstimateRequest, model: Any) -> dict[str, int]:  # noqa: ANN401 - a model
    from .packed import packed_layers

    packed = sum(layer.in_features * layer.out_features - layer.weight.numel() for layer in packed_layers(model))
    sizes = [(value.numel(), value.requires_grad) for value in model.parameters()]
    trained = sum(size for size, trained in sizes if trained)
    return {"parameters": sum(size for size, _ in sizes) + packed, "trained": trained}
