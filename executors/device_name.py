"""What a measurement of this machine is kept under."""

import platform

from ..knowledge.errors import UserError
from ..knowledge.find import find_gpu


def device_name(device: str) -> str:
    """Return ``cpu``, or the GPU's id in the catalogue, or its own name where it has no card."""
    if device == "cpu":
        return "cpu"
    import torch

    name = torch.cuda.get_device_name()
    try:
        return find_gpu(name.removeprefix("NVIDIA ")).id
    except UserError:
        return name


def machine_name(device: str) -> str:
    """Return what a run is remembered under: the GPU, or the kind of processor."""
    return device_name(device) if device == "cuda" else platform.machine()
