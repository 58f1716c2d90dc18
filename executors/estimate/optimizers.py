"""What an optimizer keeps between steps and needs during one."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from .weights import rounded

FP32 = 4
SMALL = 4096
"""Tensors below this many numbers keep float32 states. Source: bitsandbytes ``min_8bit_size``."""
GALORE_RANK = 128
"""Source: transformers ``trainer.py``, ``setup_low_rank_optimizer``, default of ``rank``."""
STATE_BLOCK = 256
"""Numbers per scale of an 8-bit state. Source: bitsandbytes ``init_state``, blockwise."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Name a trained tensor.

    Attributes:
        shape: Its sizes.
        item: Bytes per number.
        count: How many such tensors there are.
        inner: Whether it belongs to a block, unlike embeddings and heads.
    """

    shape: tuple[int, ...]
    item: int
    count: int
    inner: bool = True

    @property
    def is_matrix(self) -> bool:
        """Whether optimizers that work on matrices take it: those inside blocks."""
        return self.inner and len(self.shape) == 2

    @property
    def elements(self) -> int:
        """Numbers in one tensor."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Need:
    """Hold bytes on the device: kept between steps, and on top of that during a step."""

    state: int
    temporary: int


def optimizer_need(name: str, trained: Iterable[Trained], *, on_cpu: bool = False) -> Need:
    """Return an optimizer's memory.

    Args:
        name: One of the request's optimizers.
        trained: All trained tensors.
        on_cpu: Whether the tensors lie in main memory, where PyTorch's optimizers do not fuse lists of tensors.

    Source: PyTorch ``optim/adamw.py`` (``_multi_tensor_adamw`` takes the root of all second moments at once, fused
    kernels none); bitsandbytes ``optim/optimizer.py``; transformers ``Adafactor``; PyTorch ``optim/_muon.py``;
    galore-torch ``adamw.py`` and ``galore_projector.py``.
    """
    tensors = list(trained)
    state = sum(tensor.count * _state(name, tensor) for tensor in tensors)
    if name == "adamw_torch" and not on_cpu:
        return Need(state, _largest_group(tensors))
    if name == "adamw_torch":
        return Need(state, 2 * max((tensor.elements * tensor.item for tensor in tensors), default=0))
    if name == "adafactor":
        return Need(state, _adafactor_temporary(tensors))
    if name in WORKING:
        return Need(state, max(map(WORKING[name], tensors), default=0))
    return Need(state, 0)


def _muon_working(tensor: Trained) -> int:
    """Return what one matrix needs while it is made orthogonal: the update, two 16-bit copies and two Gram matrices."""
    if not tensor.is_matrix:
        return 0
    narrow, shorter = 2 * tensor.elements, min(tensor.shape)
    copied = narrow if tensor.item != 2 else 0
    return tensor.elements * tensor.item + copied + narrow + 2 * 2 * shorter**2


def _galore_working(tensor: Trained) -> int:
    """Return what one tensor needs: a matrix its decomposition in float32, others AdamW's root and quotient."""
    if not tensor.is_matrix:
        return 2 * tensor.elements * tensor.item
    return FP32 * (tensor.elements + min(tensor.shape) * sum(tensor.shape))


WORKING = {"muon": _muon_working, "galore_adamw": _galore_working}
"""What optimizers that take one tensor after the other need for one of them."""


def _galore_state(tensor: Trained) -> int:
    """Return a projector and two moments of the projected gradient."""
    rank = min(GALORE_RANK, *tensor.shape)
    return rounded(rank * min(tensor.shape) * tensor.item) + 2 * rounded(rank * max(tensor.shape) * tensor.item)


def _state(name: str, tensor: Trained) -> int:
    own, wide = rounded(tensor.elements * tensor.item), rounded(tensor.elements * FP32)
    packed = (
        wide
        if tensor.elements < SMALL
        else rounded(tensor.elements) + rounded(-(-tensor.elements // STATE_BLOCK) * FP32)
    )
    factors = sum(rounded(tensor.elements // size * tensor.item) for size in tensor.shape[-2:])
    table = {
        "adamw_torch": 2 * own,
        "adamw_torch_fused": 2 * own,
        "adamw_8bit": 2 * packed,
        "paged_adamw_8bit": 0,
        "paged_adamw_32bit": 0,
        "adafactor": factors if len(tensor.shape) > 1 else own,
        "lion": wide,
        "lion_8bit": packed,
        "sgd": 0,
        "sgd_momentum": own,
        "muon": own if tensor.is_matrix else 2 * own,
        "galore_adamw": _galore_state(tensor) if name == "galore_adamw" and tensor.is_matrix else 2 * own,
    }
    return table[name]


def _adafactor_temporary(tensors: list[Trained]) -> int:
    """Return what one tensor's update needs: its square, that and a constant, the update before it, and what is copied.

    Tensors of 16 bits are copied to float32 with their gradients.

    Source: transformers ``Adafactor.step``, whose variables live on into the next tensor's update.
    """
    sizes = sorted(
        (tensor.elements * FP32, 2 * (tensor.item < FP32)) for tensor in tensors for _ in range(tensor.count)
    )
    if not sizes:
        return 0
    largest, copies = sizes[-1]
    return (2 + copies) * largest + (sizes[-2][0] if len(sizes) > 1 else 0)


def _largest_group(tensors: list[Trained]) -> int:
    items = {tensor.item for tensor in tensors}
    return max(
        (sum(t.count * rounded(t.elements * t.item) for t in tensors if t.item == item) for item in items), default=0
    )
