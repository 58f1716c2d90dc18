"""Prefix tuning: trained keys and values stand before those of the prompt, in each layer.

A small network makes them while they are trained, which steadies the training.

Source: Li and Liang 2021, arXiv 2101.00190, sections 4.2 and 4.3.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from ..heads import peft_settings, prompted
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 1e-3
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = False  # the prefix is a cache, and recomputed layers see no cache (PEFT issue 869)


class Options(MethodOptions):
    """Choose the prefix and the network that makes it."""

    virtual_tokens: int = Field(20, ge=1, description="trained positions before the prompt, in each layer")
    encoder_width: int = Field(128, ge=1, description="width of the network that makes them")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and give each layer a prefix that a network makes."""
    from peft import PrefixTuningConfig

    config = PrefixTuningConfig(
        **peft_settings(model),
        num_virtual_tokens=options.virtual_tokens,
        encoder_hidden_size=options.encoder_width,
        prefix_projection=True,
    )
    found: PeftModel = prompted(model, config)
    return found
