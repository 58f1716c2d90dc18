"""A process that trains on a CPU does not keep what its tensors have freed."""

import subprocess
import sys
from platform import libc_ver

import pytest

pytest.importorskip("torch")

SCRIPT = """
import sys
import torch
from pathlib import Path
from ftadvisor.executors.freed_memory import return_freed_memory

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

if sys.argv[1] == "yes":
    return_freed_memory()
torch.ones(7 * 2**20)  # its release teaches the C library to keep what is shorter
before = resident()
tensors = [torch.ones(2**19) for _ in range(60)]
del tensors[::2]
print(resident() - before)
"""


def kept(returns: str) -> float:
    """Return MiB that a process holds when 60 MiB of 120 are freed, every second block."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, returns], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(libc_ver()[0] != "glibc", reason="another C library")
def test_freed_blocks_between_others_go_back_to_the_system() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("training would use the accelerator")
    assert kept("no") > 100
    assert kept("yes") < 75
