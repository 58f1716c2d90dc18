"""Several processes that train together: how many there are, which one writes, and waiting for each other."""


def processes() -> int:
    """Return how many processes train together; 1 where there is only this one."""
    from torch import distributed

    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_first() -> bool:
    """Tell whether this process writes and tells, for all."""
    from torch import distributed

    return processes() == 1 or distributed.get_rank() == 0


def wait() -> None:
    """Wait until all processes have come here."""
    from torch import distributed

    if processes() > 1:
        distributed.barrier()
