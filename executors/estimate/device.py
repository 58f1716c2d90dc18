"""What a device holds beside the tensors: context, library workspaces, the allocator's reserve."""

from dataclasses import dataclass

from ...knowledge.gpu import GpuCard
from .request import EstimateRequest
from .weights import rounded

MIB = 2**20
SMALL_WORKSPACE, LARGE_WORKSPACE = 8_519_680, 32 * MIB
"""cuBLAS workspace of one thread: ``:4096:2:16:8`` before compute capability 9.0, ``:4096:8`` from there.

Source: PyTorch ``aten/src/ATen/cuda/CublasHandlePool.cpp``, ``parseChosenWorkspaceSize``.
"""
THREADS = 2
"""The forward pass runs in the main thread, the backward pass in autograd's: each has a handle of its own."""
CONTEXT = (250 * MIB, 400 * MIB, 500 * MIB)
"""CUDA context with lazily loaded kernels. Source: pytorch issues 107667 (300 MiB) and 109888 (400 MiB)."""
SEGMENT = 20 * MIB
"""Segments in which middle-sized blocks are asked for. Source: c10/cuda/CUDACachingAllocator.cpp, kLargeBuffer."""
FRAGMENTS = (0.0, 0.02, 0.04)
"""Share of the peak that lies unused inside blocks that are in use. A roomy device shows more, as freed blocks stay
cached; they are given back before an allocation fails, so a run does not need them.

Source: c10/cuda/CUDACachingAllocator.cpp: up to 1 MiB of a large block is not split off; ``release_cached_blocks``.
"""


CPU_LIBRARIES = (0, 200 * MIB, 350 * MIB)
"""What a CPU's matrix libraries and freshly touched code add to the tensors.

Source: ``tests/benchmarks/cpu_memory.py``: 99 to 286 MiB with a small model of 6 layers and 4 rows of 256 tokens.
"""


@dataclass(frozen=True)
class Outside:
    """Hold low, likely and high bytes of what tensors do not account for."""

    reserved: int
    device: int
    low: int
    high: int


def workspace_of(request: EstimateRequest, card: GpuCard | None) -> int:
    """Return the matrix library's workspaces, which the allocator counts as allocated.

    Args:
        request: The run's settings.
        card: The GPU; unknown ones are taken for one before compute capability 9.0.
    """
    if request.device == "cpu":
        return 0
    newer = card is not None and card.capability is not None and float(card.capability) >= 9
    return THREADS * rounded(LARGE_WORKSPACE if newer else SMALL_WORKSPACE)


def around(request: EstimateRequest, allocated: int) -> Outside:
    """Return what the device holds in all when tensors take ``allocated`` bytes."""
    low, likely, high = (int(allocated * (1 + share)) for share in FRAGMENTS)
    if request.device == "cpu":
        extra = CPU_LIBRARIES
        return Outside(likely, likely + extra[1], low + extra[0], high + extra[2])
    return Outside(likely + SEGMENT, likely + SEGMENT + CONTEXT[1], low + CONTEXT[0], high + SEGMENT + CONTEXT[2])
