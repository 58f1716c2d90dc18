"""What this machine has, found without importing torch."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .accelerators import Kind, find_untested

MEBIBYTE = 2**20
MIRRORS = ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HOME", "MODELSCOPE_CACHE", "PIP_INDEX_URL", "HTTPS_PROXY")
_GPU_QUERY = "name,memory.total,memory.free,driver_version,compute_cap"


class Gpu(BaseModel):
    """Describe one NVIDIA GPU as its driver reports it.

    Attributes:
        memory_bytes: Its own memory; None where it shares the computer's and the driver gives no number.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    memory_bytes: int | None
    free_bytes: int | None
    driver: str
    capability: str


class Machine(BaseModel):
    """Describe this computer.

    Attributes:
        cores: Processor cores that this process may use.
        memory_bytes: Main memory that this process may use; None where the system does not tell.
        gpus: NVIDIA's.
        untested: Other accelerators that are here, and that nobody has tried ftadvisor on.
        disk_free_bytes: Free space where the current folder lies.
        mirrors: Environment variables that redirect downloads, without passwords.
    """

    model_config = ConfigDict(frozen=True)

    python: str
    system: str
    cores: int
    memory_bytes: int | None
    gpus: tuple[Gpu, ...]
    untested: tuple[Kind, ...]
    disk_free_bytes: int
    mirrors: dict[str, str]


def look() -> Machine:
    """Look at this computer; takes about as long as ``nvidia-smi``."""
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cores=_cores(),
        memory_bytes=memory_bytes(),
        gpus=find_gpus(),
        untested=find_untested(),
        disk_free_bytes=shutil.disk_usage(Path.cwd()).free,
        mirrors={name: _without_password(os.environ[name]) for name in MIRRORS if os.environ.get(name)},
    )


def find_gpus() -> tuple[Gpu, ...]:
    """Ask the driver for the GPUs; none when there is no NVIDIA driver or it does not answer in 10 seconds."""
    command = ["nvidia-smi", f"--query-gpu={_GPU_QUERY}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(gpu for line in answer.splitlines() if (gpu := _gpu(line)))


def _gpu(line: str) -> Gpu | None:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != 5:
        return None
    name, total, free, driver, capability = cells
    return Gpu(name=name, memory_bytes=_bytes(total), free_bytes=_bytes(free), driver=driver, capability=capability)


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * MEBIBYTE if mebibytes.isdecimal() else None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int | None:
    """Return the main memory that this process may use; None where the system does not tell."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    limit = Path("/sys/fs/cgroup/memory.max")  # what a container may use
    text = limit.read_text().strip() if limit.is_file() else ""
    return min(total, int(text)) if text.isdecimal() else total


def _without_password(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", address)
