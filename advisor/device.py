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
        gpus: How many GPUs train together; None where nobody said, and then one does.
    """

    has_gpu: bool
    memory_bytes: int | None
    gpus: int | None = None

    @property
    def processes(self) -> int:
        """Processes of a training, one on each GPU."""
        return self.gpus or 1


def device_of(profile: Profile, machine: Machine) -> Device:
    """Return the device that the profile states, or this machine's where it states none."""
    if profile.vram_gb is not None:
        each = _one_gpu_gb(profile, machine)
        return Device(True, round(each * GIBIBYTE), profile.n_gpus) if each else _processor(machine)
    return Device(True, _largest_bytes(machine), profile.n_gpus) if machine.gpus else _processor(machine)


def _one_gpu_gb(profile: Profile, machine: Machine) -> float:
    """Return what one GPU has; a run uses one where nobody says how many there are."""
    total = profile.vram_gb or 0
    if profile.n_gpus is not None:
        return total / profile.n_gpus
    found = _largest_bytes(machine)
    if found and profile.origins.get("vram_gb") == "detected":
        return min(total, found / GIBIBYTE)
    return total if total <= ONE_GPU_GB else SEVERAL_GPUS_EACH_GB


def _largest_bytes(machine: Machine) -> int | None:
    return max((gpu.memory_bytes for gpu in machine.gpus if gpu.memory_bytes), default=None)


def _processor(machine: Machine) -> Device:
    return Device(False, round(machine.memory_bytes * SHARE_OF_MEMORY) if machine.memory_bytes else None)
