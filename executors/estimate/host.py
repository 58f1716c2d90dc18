"""What a process on a CPU holds beside the tensors: freed blocks that the C library keeps, and the libraries."""

from ...knowledge.stack import Stack
from .device import Outside
from .memory import Memory, memory_of
from .methods.method import FineTuning
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


def around_on_cpu(
    request: EstimateRequest, architecture: Architecture, method: FineTuning, stack: Stack, memory: Memory
) -> Outside:
    """Return what the process holds in all, above what it held before the model was loaded."""
    small = _small_blocks(request, architecture, method, stack, memory)
    live = memory.peak + _loss_copies(request, architecture)
    low, likely, high = (live + int(share * small) + extra for share, extra in zip(KEPT, LIBRARIES, strict=True))
    return Outside(likely, likely, min(low, memory.peak), high)


def _small_blocks(
    request: EstimateRequest, architecture: Architecture, method: FineTuning, stack: Stack, memory: Memory
) -> int:
    """Return the bytes of small blocks that come and go in a step.

    With checkpointing these are the activations of all layers too: not at the same time, but each layer's are made
    anew, between others.
    """
    if request.grad_checkpointing and request.method != "inference":
        whole = request.model_copy(update={"grad_checkpointing": False})
        memory = memory_of(whole, architecture, method, stack, 0)
    item = BITS[request.dtype]
    parts = {part.name: part.bytes for part in memory.parts}
    found = 0
    if request.tokens * architecture.hidden * item < HEAP_BLOCK:
        found += sum(parts.get(name, 0) for name in COMING_AND_GOING)
    if _logits(request, architecture) < HEAP_BLOCK:
        found += parts.get("logits", 0)
    return found


def _loss_copies(request: EstimateRequest, architecture: Architecture) -> int:
    """Return the bytes of the logits that our loss copies when it leaves the last position out, and of their gradient.

    Source: ``executors/losses.py``, ``answer_loss``: flattening the slice copies it, its backward pass fills a whole.
    """
    return 0 if request.labels or request.method == "inference" else 2 * _logits(request, architecture)


def _logits(request: EstimateRequest, architecture: Architecture) -> int:
    return request.batch * (request.loss_len or request.seq_len) * architecture.vocab * BITS[request.dtype]
