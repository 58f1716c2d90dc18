"""How several devices share weights, gradients and optimizer state, and what is kept in main memory instead."""

from dataclasses import dataclass

from .request import EstimateRequest
from .shadow.modules import Method
from .storage import Placement
from .weights import Architecture, Block, Weight, rounded

GATHERED = 2
"""Blocks whose weights are whole at the same time: the one that computes and the one fetched ahead.

Source: PyTorch FSDP, ``limit_all_gathers`` and ``BackwardPrefetch.BACKWARD_PRE``; the second FSDP gathers into one flat
tensor beside them, ``_fsdp_collectives.py``, ``foreach_all_gather_copy_out``.
"""
BUCKET = 25 * 2**20
"""Bytes of one bucket of gradients. Source: PyTorch ``DistributedDataParallel``, ``bucket_cap_mb``."""
LIVE_NUMBERS = 10**9
"""Numbers that ZeRO-3 keeps whole at most. Source: DeepSpeed ``zero/config.py``, ``max_live_parameters``."""
SUB_GROUP = 10**9
"""Numbers that ZeRO-3 updates at a time. Source: DeepSpeed ``zero/config.py``, ``sub_group_size``."""
BUCKETS = 2
"""Reduction buckets, of which one is filled while the other is summed. Source: DeepSpeed ``overlap_comm``."""
NOWHERE = 2**62
"""Shares of gradients that go to main memory as soon as they are summed."""
ITEM = 2
FP32 = 4
ZERO = frozenset({"zero1", "zero2", "zero3"})


@dataclass(frozen=True, slots=True)
class Sharing:
    """Say over how many devices weights, gradients and states are spread.

    Attributes:
        devices: How many devices share the weights; 1 when every device holds all of them.
        gradients: How many share the gradients.
        states: How many share the optimizer's states.
        gathers: Whether a block's weights are gathered block by block.
        root: Bytes that are whole from their first use until the backward pass ends.
        buckets: Bytes beside the gradients in which they are summed over the devices.
        widens: How many times as wide as gathered weights and their gradients the shards are.
        copies: How many copies of a block's weights there are while they are gathered.
        waits: Whether gradients of earlier micro steps stay whole on every device until the last one sums them.
        mixes: Whether a unit's frozen weights get a gradient beside its trained ones.
        master: Whether the optimizer has float32 copies of trained weights.
        offloaded: What lies in main memory: nothing, the optimizer's part, or the weights too.
    """

    devices: int = 1
    gradients: int = 1
    states: int = 1
    gathers: bool = False
    root: int = 0
    buckets: int = 0
    widens: int = 1
    copies: int = 2
    waits: bool = False
    mixes: bool = False
    master: bool = False
    offloaded: str = "none"

    @property
    def keeps_states(self) -> bool:
        """Whether the optimizer's states lie on the device."""
        return self.offloaded == "none"

    @property
    def keeps_weights(self) -> bool:
        """Whether the weights lie on the device between their uses."""
        return self.offloaded != "parameters"


def sharing_of(request: EstimateRequest, architecture: Architecture, placement: Placement, gradients: int) -> Sharing:
    """Return how a run's devices share.

    Args:
        request: The run's settings.
        architecture: The model.
        placement: How weights are kept.
        gradients: Bytes of all gradients.

    Source: PyTorch ``DistributedDataParallel`` (buckets beside the gradients); FSDP full sharding with one unit per
    block and one for everything outside the blocks; ``FullyShardedDataParallel.no_sync``, under which trainers run
    all micro steps but the last; ``_validate_frozen_params`` on units that mix frozen and trained weights.
    """
    if request.parallel == "ddp":
        return Sharing(buckets=gradients)
    if request.parallel == "fsdp":
        root = sum(placement.bytes_of(weight) for weight in architecture.outside)
        summed = request.gpus if request.offload == "none" else NOWHERE
        return Sharing(
            request.gpus,
            summed,
            request.gpus,
            gathers=True,
            root=root,
            waits=request.grad_accum > 1 and summed == request.gpus,
            widens=FP32 // placement.item if architecture.wide_shards else 1,
            copies=GATHERED + architecture.wide_shards,
            mixes=architecture.mixes_units,
            offloaded=request.offload,
        )
    if request.parallel in ZERO:
        return _zero(request, architecture, placement, gradients)
    return Sharing()


def _zero(request: EstimateRequest, architecture: Architecture, placement: Placement, gradients: int) -> Sharing:
    """Return how DeepSpeed's optimizer shares: states from stage 1 on, gradients from 2, weights at 3.

    Gradients are summed in buckets of ``hidden ** 2`` numbers, as transformers sets them, or in one if they are fewer.

    Source: DeepSpeed ``runtime/zero/stage_1_and_2.py``, ``stage3.py``; transformers ``integrations/deepspeed.py``,
    ``trainer_config_finalize``.
    """
    stage, gpus = int(request.parallel[-1]), request.gpus
    whole = sum(count * placement.bytes_of(weight) for count, weight in architecture.weights())
    return Sharing(
        devices=gpus if stage == 3 else 1,
        gradients=NOWHERE if request.offload != "none" else gpus if stage > 1 else 1,
        states=gpus,
        root=min(whole, LIVE_NUMBERS * ITEM) if stage == 3 else 0,
        buckets=BUCKETS * min(gradients, architecture.hidden**2 * ITEM),
        master=True,
        offloaded=request.offload,
    )


def gathered_bytes(block: Block, placement: Placement, sharing: Sharing) -> int:
    """Return the bytes of blocks that are whole while one of them computes."""
    return sharing.copies * sum(map(placement.bytes_of, block.weights))


def joined_bytes(block: Block, method: Method | None, placement: Placement, sharing: Sharing) -> int:
    """Return the bytes of the one tensor into which a block's gradients are copied before they are summed.

    Args:
        block: The block.
        method: What is trained; None is enough where a unit's frozen weights get gradients, too.
        placement: How weights are kept.
        sharing: How devices share.
    """
    if sharing.mixes or method is None:
        return sum(map(placement.bytes_of, block.weights))
    return sharing.widens * sum(_gradient(weight, method, placement) for weight in block.weights)


def waiting_bytes(architecture: Architecture, made: int, placement: Placement, sharing: Sharing) -> int:
    """Return the bytes of the gradients that earlier micro steps have left on one device.

    Args:
        architecture: The model.
        made: Bytes of all trained tensors' gradients.
        placement: How weights are kept.
        sharing: How devices share.
    """
    if not sharing.keeps_states:
        return 0
    if not sharing.waits:
        return made // sharing.gradients
    if not sharing.mixes:
        return made
    return max(
        made, sum(block.count * placement.bytes_of(one) for block in architecture.blocks for one in block.weights)
    )


def _gradient(weight: Weight, method: Method, placement: Placement) -> int:
    return rounded(weight.elements * placement.item_of(weight)) if method.trains(weight) else 0
