"""Measure the most memory that a piece of work needed."""

from contextlib import suppress
from pathlib import Path

from .environment import memory_bytes

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


class PeakMemory:
    """Watch memory from now on: of the accelerator if there is one, else the process's resident memory.

    Resident memory is counted above what it was at the start, so the libraries' own is not in it.
    """

    def __init__(self) -> None:
        import torch

        self._accelerated = torch.cuda.is_available()
        self.restart()
        self._before = 0 if self._accelerated else _resident("VmRSS")

    def restart(self) -> None:
        """Forget the peak so far, but not what memory was at the start."""
        import torch

        if self._accelerated:
            torch.cuda.reset_peak_memory_stats()
            return
        with suppress(OSError):  # another system, or not allowed: the mark of the whole process so far is used
            _RESET.write_text("5")  # since Linux 4.0: lowers the high-water mark to the present size

    def peak_bytes(self) -> int:
        """Return the most memory needed since the start, in bytes; 0 where the system does not tell."""
        import torch

        if self._accelerated:
            return torch.cuda.max_memory_allocated()
        return max(0, _resident("VmHWM") - self._before)


def _resident(name: str) -> int:
    """Return a figure of this process, in bytes; 0 where the system does not tell."""
    if not _STATUS.exists():
        return 0
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def free_bytes() -> int | None:
    """Return what of the accelerator's memory is free, in bytes; None without one whose system tells."""
    import torch

    if not torch.cuda.is_available():
        return None
    torch.cuda.empty_cache()
    return int(torch.cuda.mem_get_info()[0])


def device_bytes() -> int | None:
    """Return the memory of the accelerator, or else of the machine, in bytes; None where the system does not tell."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[1])
    return memory_bytes()
