"""How several devices share weights, gradients and optimizer state."""

from dataclasses import dataclass

from .request import EstimateRequest
from .shadow.modules import Method
from .storage import Placement
from .weights import Architecture, Block, Weight, rounded

GATHERED = 2
"""Blocks whose weights are whole at the same time: the one that computes and the one fetched ahead.

Source: PyTorch FSDP, ``limit_all_gathers`` and ``BackwardPrefetch.BACKWARD_PRE``.
"""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Say over how many devices weights, gradients and states are spread.

    Attributes:
        devices: How many devices share; 1 when every device holds everything.
        root: Bytes outside the blocks, which are whole from the first use until the backward pass ends.
        buckets: Bytes beside the gradients in which they are summed over the devices.
    """

    devices: int = 1
    root: int = 0
    buckets: int = 0


def sharing_of(request: EstimateRequest, architecture: Architecture, placement: Placement, gradients: int) -> Sharing:
    """Return how a run's devices share.

    Args:
        request: The run's settings.
        architecture: The model.
        placement: How weights are kept.
        gradients: Bytes of all gradients.

    Source: PyTorch ``DistributedDataParallel`` (buckets beside the gradients); FSDP full sharding with one unit per
    block and one for everything outside the blocks.
    """
    if request.parallel == "ddp":
        return Sharing(buckets=gradients)
    if request.parallel == "fsdp":
        return Sharing(request.gpus, sum(placement.bytes_of(weight) for weight in architecture.outside))
    return Sharing()


def gathered_bytes(block: Block, placement: Placement) -> int:
    """Return the bytes of blocks that are whole while one of them computes."""
    return GATHERED * sum(map(placement.bytes_of, block.weights))


def joined_bytes(block: Block, method: Method, placement: Placement) -> int:
    """Return the bytes of the one tensor into which a block's gradients are copied before they are summed."""
    return sum(_gradient(weight, method, placement) for weight in block.weights)


def _gradient(weight: Weight, method: Method, placement: Placement) -> int:
    return rounded(weight.elements * placement.item_of(weight)) if method.trains(weight) else 0
