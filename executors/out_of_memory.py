"""Know that memory ran out from other faults, and make room after it."""

import gc

from .freed_memory import trim


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    told = str(error)  # PyTorch's CPU allocator has no class of its own
    return isinstance(error, RuntimeError) and ("can't allocate memory" in told or "out of memory" in told)


def make_room() -> None:
    """Give back what nothing holds any more."""
    import torch

    gc.collect()
    trim()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
