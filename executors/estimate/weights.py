"""A model as the estimator sees it: its weight tensors and its repeated blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

Role = Literal["linear", "embedding", "norm", "head", "other"]

ALIGNMENT = 512
"""Bytes to which the CUDA caching allocator rounds. Source: c10/cuda/CUDACachingAllocator.cpp, kMinBlockSize."""


def rounded(size: int) -> int:
    """Return the bytes that the caching allocator sets aside for ``size`` bytes."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Weight:
    """Name one weight tensor; ``role`` says which methods touch it.

    Attributes:
        name: Module's name inside its block, such as ``q_proj``; a bias ends with ``.bias``.
        shape: Sizes as PyTorch stores them; a linear layer's are (out, in).
        role: ``linear`` is an ``nn.Linear`` inside a block: the ones that quantisation and LoRA may replace.
    """

    name: str
    shape: tuple[int, ...]
    role: Role

    @property
    def elements(self) -> int:
        """Numbers in the tensor."""
        return prod(self.shape)

    @property
    def is_bias(self) -> bool:
        """Whether BitFit would train it."""
        return self.name.endswith(".bias")


@dataclass(frozen=True, slots=True)
class Block:
    """Describe one kind of layer and how often the model repeats it."""

    kind: str
    count: int
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Architecture:
    """Describe a model's shapes.

    Attributes:
        blocks: The repeated layers, in the order they run.
        outside: Weights outside the blocks; tied ones appear once.
    """

    family: str
    hidden: int
    vocab: int
    blocks: tuple[Block, ...]
    outside: tuple[Weight, ...]
    tied_head: bool

    @property
    def layers(self) -> int:
        """Number of blocks."""
        return sum(block.count for block in self.blocks)

    def weights(self) -> Iterator[tuple[int, Weight]]:
        """Yield every distinct weight with the number of times it occurs."""
        for weight in self.outside:
            yield 1, weight
        for block in self.blocks:
            for weight in block.weights:
                yield block.count, weight

    @property
    def parameters(self) -> int:
        """Numbers in all weights, tied ones counted once."""
        return sum(count * weight.elements for count, weight in self.weights())
