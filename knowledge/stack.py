"""Stacks: what a family of library versions does that costs memory."""

from typing import ClassVar

from .sourced import Sourced


class Stack(Sourced):
    """Describe how one range of transformers versions behaves during training.

    Attributes:
        transformers_from: First version, such as ``4.46``.
        transformers_below: First version that behaves otherwise.
        keeps_narrow_logits: Whether the 16-bit logits live on beside their float32 copy.
        copies_shifted_logits: Whether the loss copies the logits to leave out the last token.
        reentrant_checkpoint: Whether gradient checkpointing is the reentrant kind by default.
        groups_heads: Whether SDPA takes fewer key than query heads as they are.
        fuses_experts: Whether a mixture's experts are one tensor, which bitsandbytes does not quantise.
        saves_packed_inputs: Whether products with packed weights keep their input for the backward pass.
        unpacks_through_half: Whether packed weights are written out in float16 and converted, so that both are there.
        caches_keys: Whether families that never switch their cache off return it while checkpointing, too.
    """

    folder: ClassVar[str] = "stacks"
    facts: ClassVar[frozenset[str]] = frozenset(
        {
            "keeps_narrow_logits",
            "copies_shifted_logits",
            "reentrant_checkpoint",
            "groups_heads",
            "fuses_experts",
            "caches_keys",
            "saves_packed_inputs",
            "unpacks_through_half",
        }
    )

    title: str
    transformers_from: str
    transformers_below: str
    keeps_narrow_logits: bool
    copies_shifted_logits: bool
    reentrant_checkpoint: bool
    groups_heads: bool
    fuses_experts: bool
    caches_keys: bool
    saves_packed_inputs: bool
    unpacks_through_half: bool
