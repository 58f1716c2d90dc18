"""What a measurement of this machine is kept under."""

import platform

from ..knowledge.errors import UserError
from ..knowledge.find import find_gpu


def device_name(device: str) -> str:
    """Return ``cpu``, or the GPU's id in the catalogue, or its own name where it has no card.

    Args:
        device: Kind of device as PyTorch calls it: ``cpu``, ``cuda`` (ROCm, too), ``mps``, ``npu`` and the like.
    """
    if device == "cpu":
        return "cpu"
    import torch

    named = getattr(torch.get_device_module(device), "get_device_name", None)
    if named is None:  # Apple's has no name of its own
        return f"{device} {platform.machine()}"
    name = str(named())
    try:
        return find_gpu(name.removeprefix("NVIDIA ")).id
    except UserError:
        return name


def machine_name(device: str) -> str:
    """Return what a run is remembered under: the accelerator, or the kind of processor."""
    return platform.machine() if device == "cpu" else device_name(device)
