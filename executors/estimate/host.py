"""What a process on a CPU holds beside the tensors: freed blocks that the C library keeps, and the libraries."""

from .device import Outside
from .memory import Memory
from .request import BITS, EstimateRequest
from .weights import Architecture

MIB = 2**20
HEAP_BLOCK = 32 * MIB
"""Larger blocks go back to the system when they are freed; smaller ones may stay, with others around them in use.

Source: glibc ``malloc/malloc.c``, ``DEFAULT_MMAP_THRESHOLD_MAX`` on 64-bit systems: the threshold grows up to it.
"""
KEPT = (0.0, 0.65, 1.1)
"""Bytes of freed blocks that stay, for each byte of small blocks that come and go in a step.

Source: ``tests/benchmarks/memory_truth.py --device cpu`` on glibc 2.36.
"""
LIBRARIES = (0, 25 * MIB, 100 * MIB)
"""Code and tables that the first step touches. Source: the same script's smallest models, whose tensors take 2 MiB."""
COMING_AND_GOING = frozenset({"activations", "checkpoints", "temporary"})


def around_on_cpu(request: EstimateRequest, architecture: Architecture, memory: Memory) -> Outside:
    """Return what the process holds in all, above what it held before the model was loaded."""
    small = _small_blocks(request, architecture, memory)
    low, likely, high = (memory.peak + int(share * small) + extra for share, extra in zip(KEPT, LIBRARIES, strict=True))
    return Outside(likely, likely, low, high)


def _small_blocks(request: EstimateRequest, architecture: Architecture, memory: Memory) -> int:
    """Return the bytes at the peak that lie in blocks which the C library may keep."""
    item = BITS[request.dtype]
    parts = {part.name: part.bytes for part in memory.parts}
    found = 0
    if request.tokens * architecture.hidden * item < HEAP_BLOCK:
        found += sum(parts.get(name, 0) for name in COMING_AND_GOING)
    if (request.loss_len or request.seq_len) * request.batch * architecture.vocab * item < HEAP_BLOCK:
        found += parts.get("logits", 0)
    return found
