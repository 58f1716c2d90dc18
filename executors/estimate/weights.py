"""A model as the estimator sees it: its weight tensors and its repeated blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .shadow.graph import Value
    from .shadow.modules import Modules

    Forward = Callable[[Modules, Value], Value]
    Source = Callable[[Modules], Value]
    Enter = Callable[[Modules, Value], tuple[Value, Mapping[str, Value]]]

Role = Literal["linear", "kept", "expert", "convolution", "embedding", "norm", "head", "other"]

MULTIPLIED = frozenset({"linear", "kept", "head", "expert", "convolution"})
"""Roles of the weights that tokens are multiplied with; embeddings are looked up."""
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
        role: ``linear`` is an ``nn.Linear`` inside a block: the ones that quantisation and LoRA may replace;
            ``kept`` is one that quantisation leaves alone; ``expert`` a tensor of several experts, which neither
            touches; ``convolution`` a kernel of a model that consists of them.
        used: Share of the tokens that meet the weight; more than 1 where a kernel meets more positions than there are
            tokens.
        fixed: Whether the model itself never trains it, such as a table of sines.
        parts: Widths of the outputs that adapters reach where several projections are one and some are left alone.
        of_source: Whether a decoder's weight multiplies the encoder's positions instead of its own.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    used: float = 1.0
    fixed: bool = False
    parts: tuple[int, ...] = ()
    of_source: bool = False

    @property
    def computed(self) -> float:
        """Numbers that one token meets: of a mixture's experts only the chosen ones."""
        return self.elements * self.used

    @property
    def elements(self) -> int:
        """Numbers in the tensor."""
        return prod(self.shape)

    @property
    def is_linear(self) -> bool:
        """Whether LoRA and its relatives may adapt it."""
        return self.role in {"linear", "kept"}

    @property
    def is_bias(self) -> bool:
        """Whether BitFit would train it."""
        return self.name.endswith(".bias")


def unchanged(modules: Modules, x: Value) -> Value:
    """Return ``x``: nothing happens at this place."""
    return x


@dataclass(frozen=True, slots=True)
class Block:
    """Describe one kind of layer, how often the model repeats it, and its forward pass.

    Attributes:
        enter: What lies between the layer before and the first of these: gives their input, and by name what all of
            them read, such as the encoder's output.
        kept: Bytes per row of each output that checkpoints keep beside the layer's input.
    """

    kind: str
    count: int
    weights: tuple[Weight, ...]
    forward: Forward
    enter: Enter | None = None
    kept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Architecture:
    """Describe a model's shapes and what runs before, between and after its blocks.

    Attributes:
        family: ``decoder``, ``encoder``, ``encoder_decoder``, ``vision`` or ``speech``.
        hidden: Width of the residual stream.
        vocab: Width of the head's output.
        blocks: The repeated layers, in the order they run.
        outside: Weights outside the blocks; tied ones appear once, the token embedding first.
        start: What follows the token embedding, up to the first block.
        source: What makes the first hidden states instead of a token embedding, such as a convolution over pixels.
        finish: What follows the last block, up to the head.
        after_head: What happens to the logits before the loss, such as scaling.
        tied_head: Whether the head shares the token embedding's weight.
        angles: Numbers per position of the rotary tables; 0 without rotary positions.
        upcasts_logits: Whether the loss is computed in float32 whatever the model's precision.
        keys: Numbers per token of one layer's keys; 0 where layers differ or there is no attention.
        needs_eager: Whether no fused attention kernel can compute the model.
        drops_narrow: Whether the model itself widens the logits, so that the 16-bit ones go whatever the stack.
        narrows_logits: Whether the model returns the logits in its own precision again, copied when the loss is known.
        buffers: Bytes of tensors that are not weights, such as a stored causal mask.
        loss_rows: Positions per chunk of a loss whose chunks of logits all stay; 0 for a loss over all at once.
        positions: Positions per example where the input fixes them, such as an image's patches; 0 for ``seq_len``.
        target_positions: Positions of the decoder that reads an encoder, at most; 0 without a limit.
        cross_keys: Numbers per position of the encoder's output that a decoder layer's cache keeps as keys.
        crowded: The blocks as they run when tokens crowd in one expert; empty where that costs no memory.
        lingers: Whether a micro step's logits, and what their graph still holds, live until the next one has its own.
        wide_shards: Whether weights that are shared by FSDP lie in float32, whatever precision they are gathered in.
        mixes_units: Whether the scripts let one FSDP unit hold frozen and trained weights.
        convolutional: Whether layers are convolutions: no attention, and transformers does not checkpoint them.
        input_numbers: Numbers per example of an input that is not tokens: pixels, or frames of a spectrogram.
    """

    family: str
    hidden: int
    vocab: int
    blocks: tuple[Block, ...]
    outside: tuple[Weight, ...]
    finish: Forward
    tied_head: bool
    start: Forward = unchanged
    source: Source | None = None
    after_head: Forward = unchanged
    angles: int = 0
    upcasts_logits: bool = True
    drops_narrow: bool = False
    narrows_logits: bool = False
    buffers: int = 0
    needs_eager: bool = False
    keys: int = 0
    positions: int = 0
    target_positions: int = 0
    cross_keys: int = 0
    input_numbers: int = 0
    loss_rows: int = 0
    crowded: tuple[Block, ...] = ()
    lingers: bool = False
    mixes_units: bool = False
    wide_shards: bool = False
    convolutional: bool = False
    unused_gradient: int = 0

    @property
    def layers(self) -> int:
        """Number of blocks."""
        return sum(block.count for block in self.blocks)

    @property
    def cached(self) -> int:
        """Numbers per token of one layer's keys in a cache; 0 for models that write nothing."""
        return self.keys or self.cross_keys if self.family != "encoder" else 0

    @property
    def prefixed_layers(self) -> int:
        """Layers before whose keys a method may put its own: those that write text, where there are two kinds."""
        return self.blocks[-1].count if self.decodes else self.layers

    @property
    def decodes(self) -> bool:
        """Whether an encoder's output is read by a decoder, which has positions of its own."""
        return self.family in {"encoder_decoder", "speech"}

    @property
    def has_head(self) -> bool:
        """Whether something is predicted, without which there is no loss."""
        return self.tied_head or any(weight.role == "head" or weight.name == "lm_head" for weight in self.outside)

    def weights(self) -> Iterator[tuple[int, Weight]]:
        """Yield every distinct weight with the number of times it occurs."""
        for weight in self.outside:
            yield 1, weight
        for block in self.blocks:
            for weight in block.weights:
                yield block.count, weight

    @property
    def products(self) -> float:
        """Numbers that one token is multiplied with, the head's included."""
        found = sum(count * weight.computed for count, weight in self.weights() if weight.role in MULTIPLIED)
        return found + (self.vocab * self.hidden if self.tied_head else 0)

    @property
    def parameters(self) -> int:
        """Numbers in all weights, tied ones counted once."""
        return sum(count * weight.elements for count, weight in self.weights())
