"""What a process on a CPU holds beside the tensors: freed blocks that the C library keeps, libraries, and kernels."""

from ..freed_memory import RETURNED_FROM, is_returned
from ..kernel_cache import KERNELS
from .device import Outside
from .memory import Memory
from .request import BITS, EstimateRequest
from .weights import Architecture

MIB = 2**20
KEPT = (0.0, 0.5, 1.5)
"""Bytes that the process keeps beyond those in use, for each byte of small blocks that come and go: none if each freed
one serves the next, and at most about one more for each, and a half for those of other sizes, if none does.

Source: glibc ``malloc/malloc.c``, ``_int_memalign``: a freed aligned block is too short for the next of its size.
"""
LIBRARIES = (0, 25 * MIB, 100 * MIB)
"""Code and tables that the first step touches. Source: ``memory_truth.py --device cpu``, its smallest models, whose
tensors take 2 MiB."""
KERNEL = 2 * 400 * 718
"""Bytes that a product in 16 bits keeps for one shape: oneDNN describes 400 variants of its kernel, twice, as
PyTorch's own cache keeps a copy. What a variant takes was measured, as the growth of the heap with every new shape.

Source: oneDNN ``src/cpu/x64/matmul/brgemm_matmul.hpp``, ``max_num_brg_kernels_matmul``.
"""
COMING_AND_GOING = frozenset({"activations", "checkpoints", "temporary"})


def around_on_cpu(request: EstimateRequest, architecture: Architecture, memory: Memory) -> Outside:
    """Return what the process holds in all, above what it held before the model was loaded.

    Where much is at stake, our trainer lets larger freed blocks go back to the system; other programs may hold them.
    """
    small = _small_blocks(request, architecture, memory)
    low, likely, high = (memory.peak + int(share * small) + extra for share, extra in zip(KEPT, LIBRARIES, strict=True))
    if request.amp or request.dtype != "fp32":  # those of float32 take next to nothing
        likely, high = likely + KERNELS * KERNEL, high + KERNELS * KERNEL
    return Outside(likely, likely, low, high)


def _small_blocks(request: EstimateRequest, architecture: Architecture, memory: Memory) -> int:
    """Return the bytes of blocks that come and go in a step and are not given back."""
    if is_returned(memory.peak) and request.tokens * architecture.hidden * BITS[request.dtype] >= RETURNED_FROM:
        return 0
    return sum(part.bytes for part in memory.parts if part.name in COMING_AND_GOING)
