"""How each weight is stored: its precision, or packed with quantisation's constants."""

from dataclasses import dataclass

from .request import BITS, EstimateRequest, Quant
from .weights import Weight, rounded

FP32 = 4
FP16, INT32 = 2, 4
BLOCK, NESTED_BLOCK = 64, 256
"""Weights per scale, and scales per scale of scales. Source: bitsandbytes ``Params4bit``, ``quantize_4bit``."""
CODE_BYTES, OFFSET_BYTES = 16 * FP32, FP32
"""The table of 4-bit values is a tensor per weight; that of 8-bit scales is shared (``functional.name2qmap``)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Say how a model's weights are kept.

    Attributes:
        item: Bytes per number of weights that are not quantised.
        norm_item: The same for norms.
        outer_item: The same for embeddings and the head.
        quant: How linear weights inside blocks are packed.
        group: Rows of a weight that share a scale, under ``gptq``.
        kept_item: Bytes per number of weights that a model loads in float32 beside float16 ones; 0 for ``item``.
    """

    item: int
    norm_item: int
    outer_item: int
    quant: Quant
    group: int = 128
    kept_item: int = 0

    def quantises(self, weight: Weight) -> bool:
        """Whether a weight is packed: linear layers inside the blocks, and nothing else."""
        return self.quant != "none" and weight.role == "linear"

    def item_of(self, weight: Weight) -> int:
        """Bytes per number of a weight that is not packed."""
        if weight.role == "norm":
            return self.norm_item
        if weight.role == "kept":
            return self.kept_item or self.item
        return self.outer_item if weight.role in {"embedding", "head"} else self.item

    def bytes_of(self, weight: Weight) -> int:
        """Bytes that a weight takes on the device."""
        if not self.quantises(weight):
            return rounded(weight.elements * self.item_of(weight))
        if self.quant == "int8":
            return eight_bit_bytes(weight.shape[0], weight.shape[1])
        if self.quant == "gptq":
            return grouped_bytes(weight.shape[0], weight.shape[1], self.group)
        return four_bit_bytes(weight.elements, nested=self.quant.endswith("-dq"))


def placement_of(request: EstimateRequest) -> Placement:
    """Return how a run keeps its weights.

    k-bit preparation makes everything that is not packed float32, as peft does, unless the packing is ``gptq``.

    Source: peft ``prepare_model_for_kbit_training``; transformers ``_keep_in_fp32_modules``, which holds for float16.
    """
    item, kept = BITS[request.dtype], FP32 if request.dtype == "fp16" else 0
    if request.quant in {"none", "gptq"}:
        return Placement(item, item, item, request.quant, request.group_size, kept)
    other = FP32 if request.kbit_prepare and not _gathers_narrow(request) else item
    return Placement(
        other, other, BITS[request.outer_dtype] if request.outer_dtype else other, request.quant, kept_item=kept
    )


def _gathers_narrow(request: EstimateRequest) -> bool:
    """Whether weights are gathered in 16 bits, so that float32 norms compute in 16 bits too.

    Source: accelerate's FSDP plugin sets ``MixedPrecision(param_dtype=...)`` when mixed precision is on.
    """
    return request.parallel == "fsdp" and bool(request.amp)


def four_bit_bytes(elements: int, *, nested: bool) -> int:
    """Return the bytes of a 4-bit weight with its constants, each a tensor of its own.

    Args:
        elements: Numbers in the weight.
        nested: Whether the scales are quantised too (double quantisation).
    """
    blocks = -(-elements // BLOCK)
    packed = rounded(-(-elements // 2)) + rounded(CODE_BYTES)
    if not nested:
        return packed + rounded(blocks * FP32)
    outer = rounded(-(-blocks // NESTED_BLOCK) * FP32) + rounded(OFFSET_BYTES)
    return packed + rounded(blocks) + outer


def eight_bit_bytes(outer: int, inner: int) -> int:
    """Return the bytes of an int8 weight and of one scale per output.

    Args:
        outer: Outputs.
        inner: Inputs.

    Source: bitsandbytes ``Int8Params._quantize``, ``CB`` and ``SCB``.
    """
    return rounded(outer * inner) + rounded(outer * FP32)


def grouped_bytes(outer: int, inner: int, group: int) -> int:
    """Return the bytes of a 4-bit GPTQ weight: packed numbers, scales and zeros per group, and every input's group.

    Args:
        outer: Outputs.
        inner: Inputs.
        group: Inputs that share a scale.

    Source: gptqmodel ``nn_modules/qlinear``, ``register_buffers``: ``qweight``, ``scales``, ``qzeros``, ``g_idx``.
    """
    groups = -(-inner // group)
    packed = rounded(-(-inner // 8) * outer * INT32)
    zeros = rounded(groups * -(-outer // 8) * INT32)
    return packed + zeros + rounded(groups * outer * FP16) + rounded(inner * INT32)
