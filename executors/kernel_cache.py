"""Bound what PyTorch's matrix library keeps for every shape of batch, when a model trains on a CPU."""

import os

KERNELS = 128
"""Kernels that are kept: those of several lengths of batches, as one step has about twenty different ones."""
CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
"""Where oneDNN reads how many kernels it keeps, and PyTorch's layer above it how many copies; 1,024 by default."""


def bound_kernels() -> None:
    """Let no more than ``KERNELS`` kernels be kept, unless the user's environment says how many.

    In bfloat16, oneDNN makes a kernel for every shape of matrices. Each takes half a MiB and lies between tensors, so
    that batches of many lengths would take hundreds of MiB more with every new one. Making one again takes less than
    a thousandth of a step. It has to be said before a process multiplies for the first time.

    Source: pytorch issue 98688; oneDNN's documentation of its primitive cache.
    """
    for name in CACHES:
        os.environ.setdefault(name, str(KERNELS))
