"""What the estimator answers; ``model_dump("json")`` of it is ``ftadvisor estimate --json``."""

from typing import Literal

from ...knowledge.frozen import Field, Frozen

Phase = Literal["load", "forward", "backward", "clip", "step"]
Range = tuple[float, float, float]
"""Low, likely, high."""


class Part(Frozen):
    """Name one share of the peak."""

    name: str
    bytes: int


class Peak(Frozen):
    """Give the largest need of memory on one device, and when it occurs.

    Attributes:
        allocated_bytes: What tensors hold, as ``torch.cuda.max_memory_allocated`` counts it.
        reserved_bytes: What the caching allocator holds.
        device_bytes: What the driver reports: reserved and the CUDA context. On a CPU: resident memory
            above the libraries' own.
        low_bytes: The least that ``device_bytes`` is likely to be.
        high_bytes: The most; a device fits only when this fits.
        phase: The phase that needs the most.
    """

    allocated_bytes: int
    reserved_bytes: int
    device_bytes: int
    low_bytes: int
    high_bytes: int
    phase: Phase


class Duration(Frozen):
    """Give times as low, likely, high; ``run_hours`` is None when the number of training tokens is unknown."""

    step_seconds: Range
    run_hours: Range | None


class Cost(Frozen):
    """Give the money for the whole run as low, likely, high, and the hourly price it rests on."""

    currency: Literal["USD"] = "USD"
    usd_per_gpu_hour: float
    run: Range | None


class Fit(Frozen):
    """Judge one GPU: it fits only when the high end of the estimate fits, and is too small for too large a low end.

    Attributes:
        gpu: The card.
        fits: Whether the high end fits.
        headroom_bytes: What is left, or missing, at the high end.
        tight: Whether only the low end fits: it may run, the allocator giving back what it keeps.
    """

    gpu: str
    fits: bool
    headroom_bytes: int
    tight: bool = False


class Estimate(Frozen):
    """Hold one answer: memory, time, money, and what they rest on.

    Attributes:
        gpus: Devices of the run; memory is that of one of them.
        parallel: How they share the work.
        operations: In the exact tier, which operations made what is alive at the peak beside weights and the like.
    """

    model: str
    method: str
    stack: dict[str, str]
    assumptions: list[str]
    parameters: int
    trainable_parameters: int
    peak: Peak
    phases: dict[Phase, int]
    steady_bytes: int
    breakdown: list[Part]
    time: Duration | None
    cost: Cost | None
    fits: list[Fit]
    tier: Literal["analytic", "exact", "calibrated"] = "analytic"
    operations: list[Part] = Field(default_factory=list)
    gpus: int = 1
    parallel: str = "none"
