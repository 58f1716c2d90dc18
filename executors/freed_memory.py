"""Give freed memory back to the system at once when a model trains on a CPU."""

RETURNED_FROM = 2**20
"""Bytes from which on a freed block goes back; smaller ones stay with the process for the next of their size."""
WORTH_IT = 2**30
"""Bytes of tensors from which on memory counts more than time: giving it back costs up to half of a step's time."""
_M_MMAP_THRESHOLD = -3


def is_returned(tensor_bytes: int | None) -> bool:
    """Tell whether a training gives freed memory back.

    Args:
        tensor_bytes: What its tensors take at their peak; None when unknown.
    """
    return tensor_bytes is None or tensor_bytes >= WORTH_IT


def return_freed_memory() -> None:
    """Let the C library return every freed block of at least ``RETURNED_FROM`` bytes; without a GPU, on glibc only.

    PyTorch asks for aligned blocks. glibc finds one in a stretch longer than asked for and cuts the ends off, which
    small objects then take, so that the freed block is too short for the next of the same size. The process grows by
    what its tensors take once more, and goes on growing. Blocks mapped for themselves cannot be lost like that; the
    price is that the system clears their pages anew each time.

    Source: mallopt(3), ``M_MMAP_THRESHOLD``; glibc ``malloc/malloc.c``, ``_int_memalign``.
    """
    if _glibc_alone():
        from ctypes import CDLL

        CDLL(None).mallopt(_M_MMAP_THRESHOLD, RETURNED_FROM)


def trim() -> None:
    """Give back what is free now, so that a trial leaves nothing behind that the work after it cannot use.

    Source: malloc_trim(3).
    """
    if _glibc_alone():
        from ctypes import CDLL

        CDLL(None).malloc_trim(0)


def _glibc_alone() -> bool:
    """Tell whether tensors lie in memory that glibc manages."""
    from platform import libc_ver

    import torch

    return not torch.cuda.is_available() and libc_ver()[0] == "glibc"
