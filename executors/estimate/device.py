"""What a device holds beside the tensors: context, library workspaces, the allocator's reserve."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from ...knowledge.gpu import GpuCard
from .request import EstimateRequest
from .weights import rounded

if TYPE_CHECKING:
    from .memory import Memory

MIB = 2**20
SMALL_WORKSPACE, LARGE_WORKSPACE = 8_519_680, 32 * MIB
"""cuBLAS workspace of one thread: ``:4096:2:16:8`` before compute capability 9.0, ``:4096:8`` from there.

Source: PyTorch ``aten/src/ATen/cuda/CublasHandlePool.cpp``, ``parseChosenWorkspaceSize``.
"""
THREADS = 2
"""The forward pass runs in the main thread, the backward pass in autograd's: each has a handle of its own."""
CONTEXT = (250 * MIB, 500 * MIB, 820 * MIB)
"""CUDA context with lazily loaded kernels, and what libraries take beside the allocator.

Source: pytorch issues 107667 (300 MiB) and 109888 (400 MiB); reports of exhausted memory on an A100 with 80 GB, as the
process's bytes less the allocator's: litgpt ``tutorials/oom.md`` (78.93 - 76.28 - 2.14 = 0.51 GiB) and vllm issue 4408
(78.98 - 78.17 - 0.01 = 0.80 GiB).
"""
SEGMENT = 20 * MIB
"""Segments in which middle-sized blocks are asked for. Source: c10/cuda/CUDACachingAllocator.cpp, kLargeBuffer."""
FRAGMENTS = (0.0, 0.02, 0.04)
"""Share of the peak that lies unused inside blocks that are in use. A roomy device shows more, as freed blocks stay
cached; they are given back before an allocation fails, so a run does not need them.

Source: c10/cuda/CUDACachingAllocator.cpp: up to 1 MiB of a large block is not split off; ``release_cached_blocks``.
"""

REPLAY = 0.05
"""Share by which the allocator's segments may exceed the replay: layers between the first and
the last come and go together there, and streams that wait for each other are not replayed."""
COMMUNICATOR = (0, 256 * MIB, 512 * MIB)
"""Buffers of one NCCL communicator: 4 MiB for each of up to 32 channels, to send and to receive.

Source: NCCL's documentation of ``NCCL_BUFFSIZE`` and ``NCCL_MAX_NCHANNELS``.
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


def limit_of(card: GpuCard | None) -> float:
    """Return the bytes that a device has for tensors; there is no end to an unknown one."""
    return inf if card is None else card.memory_bytes - CONTEXT[1]


def around(request: EstimateRequest, memory: Memory) -> Outside:
    """Return what a GPU holds in all beside and around the tensors.

    Without a replay of the allocator, its reserve is taken to be what a run needs at least. Where lengths vary, what
    it holds lies between two ends: nothing grows when the longest batch comes first, and most does when every longer
    one comes later. Their order is chance, so the likely value is the middle of both.

    Args:
        request: The run's settings.
        memory: What the tensors take.
    """
    low, likely, high = (int(memory.peak * (1 + share)) for share in FRAGMENTS)
    if memory.reserved:
        likely, high = (memory.reserved + memory.grown) // 2, int(memory.grown * (1 + REPLAY))
    else:
        likely, high = likely + SEGMENT, high + SEGMENT
    high += memory.crowding
    shared = COMMUNICATOR if request.gpus > 1 else (0, 0, 0)
    low, high = low + CONTEXT[0] + shared[0], high + CONTEXT[2] + shared[2]
    return Outside(likely, likely + CONTEXT[1] + shared[1], low, high)
