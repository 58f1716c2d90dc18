"""A process that trains in bfloat16 on a CPU does not grow with every new length of batches."""

import os
import subprocess
import sys

import pytest
from ftadvisor.executors.kernel_cache import CACHES, bound_kernels

torch = pytest.importorskip("torch")

SHAPES = 400
SCRIPT = f"""
import sys
import torch
from pathlib import Path
from ftadvisor.executors.kernel_cache import bound_kernels

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

if sys.argv[1] == "yes":
    bound_kernels()
weight = torch.ones(64, 64, dtype=torch.bfloat16)
torch.nn.functional.linear(torch.ones(1, 64, dtype=torch.bfloat16), weight)
before = resident()
for rows in range(2, {SHAPES}):
    torch.nn.functional.linear(torch.ones(rows, 64, dtype=torch.bfloat16), weight)
print(resident() - before)
"""


def grown(bounded: str) -> float:
    """Return the MiB that a process grows by when it multiplies matrices of many shapes."""
    others = {name: value for name, value in os.environ.items() if name not in CACHES}
    words = [sys.executable, "-c", SCRIPT, bounded]
    return float(subprocess.run(words, capture_output=True, text=True, check=True, env=others).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="another system tells memory otherwise")
def test_kernels_of_many_shapes_are_not_all_kept() -> None:
    freely = grown("no")
    if freely < 100:
        pytest.skip("this processor multiplies bfloat16 without a kernel for each shape")
    assert grown("yes") < freely / 2


def test_the_user_s_own_bounds_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHES[0], "7")
    monkeypatch.setenv(CACHES[1], "")
    monkeypatch.delenv(CACHES[1])
    bound_kernels()
    assert [os.environ[name] for name in CACHES] == ["7", "128"]
