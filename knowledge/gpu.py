"""GPU cards: how much an accelerator holds, how fast it computes and what it costs."""

from datetime import date
from typing import ClassVar, Literal

from .frozen import Field, Frozen
from .sourced import Sourced


class Price(Frozen):
    """Say what one accelerator cost per hour, where and when; prices age, so the day belongs to them."""

    usd_per_hour: float = Field(gt=0)
    where: str
    seen: date


class GpuCard(Sourced):
    """Describe one accelerator.

    Attributes:
        aliases: Other names people use; unique over all cards, in any case.
        memory_bytes: Bytes that a program sees, as the driver reports them, or the nominal GiB where
            ``memory_basis`` says so; nominal figures are up to 8 percent too large.
        bf16_tflops: Dense matrix throughput with bfloat16 inputs and float32 sums, in 1e12 operations per second,
            without sparsity; None where the hardware has no bfloat16 matrix units.
        fp16_tflops: The same with float16 inputs and float32 sums; plain units where there are no matrix units.
        bandwidth_gb_per_s: Memory bandwidth in 1e9 bytes per second.
        capability: CUDA compute capability such as ``8.0``; None for other vendors.
        price: What one costs per hour to rent; None where no dated source was found.
    """

    folder: ClassVar[str] = "gpus"
    facts: ClassVar[frozenset[str]] = frozenset(
        {"memory_bytes", "bf16_tflops", "fp16_tflops", "bandwidth_gb_per_s", "capability", "price"}
    )

    title: str
    aliases: tuple[str, ...]
    vendor: Literal["nvidia", "amd", "huawei"]
    segment: Literal["consumer", "workstation", "data_centre"]
    memory_bytes: int = Field(gt=0)
    memory_basis: Literal["driver", "nominal"]
    bf16_tflops: float | None = Field(default=None, gt=0)
    fp16_tflops: float = Field(gt=0)
    bandwidth_gb_per_s: float = Field(gt=0)
    capability: str | None = Field(default=None, pattern=r"^\d+\.\d$")
    price: Price | None = None
