"""Accelerators besides NVIDIA's that PyTorch knows, found without importing torch; none of them was tested."""

import platform
import shutil
from pathlib import Path
from typing import Literal

Kind = Literal["rocm", "mps", "ascend"]

PROGRAMS: dict[Kind, tuple[str, ...]] = {"rocm": ("rocm-smi", "amd-smi"), "ascend": ("npu-smi",)}
"""Of the drivers, on the search path."""

FILES: dict[Kind, Path] = {"rocm": Path("/dev/kfd"), "ascend": Path("/dev/davinci_manager")}
"""Of the drivers, which are there in containers without those programs, too.

Source: ROCm, "Running ROCm Docker containers"; Ascend CANN, "Installing in a container".
"""


def find_untested() -> tuple[Kind, ...]:
    """Return the kinds of accelerator that are here, by their drivers' programs or files, or Apple's by the system."""
    found = [kind for kind, programs in PROGRAMS.items() if FILES[kind].exists() or any(map(shutil.which, programs))]
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        found.append("mps")
    return tuple(found)
