"""Where a plan runs: a GPU with so much memory, or the processor."""

from dataclasses import dataclass

from .fitting import GIBIBYTE
from .machine import Machine
from .profile import Profile

ONE_GPU_GB = 96
"""A larger figure in a profile is the memory of several GPUs together; a run uses one of them, of 80 GB."""

SEVERAL_GPUS_EACH_GB = 80
SHARE_OF_MEMORY = 0.7
"""Of a computer's main memory; the rest is for the system and for what else runs."""


@dataclass(frozen=True)
class Device:
    """Say where a plan runs.

    Attributes:
        memory_bytes: Of one GPU, or of the computer when there is none; None when unknown.
    """

    has_gpu: bool
    memory_bytes: int | None


def device_of(profile: Profile, machine: Machine) -> Device:
    """Return the device that the profile states, or this machine's where it states none."""
    if profile.vram_gb is not None:
        each = profile.vram_gb if profile.vram_gb <= ONE_GPU_GB else SEVERAL_GPUS_EACH_GB
        return Device(True, round(each * GIBIBYTE)) if each else _processor(machine)
    return Device(True, machine.gpus[0].memory_bytes) if machine.gpus else _processor(machine)


def _processor(machine: Machine) -> Device:
    return Device(False, round(machine.memory_bytes * SHARE_OF_MEMORY) if machine.memory_bytes else None)
