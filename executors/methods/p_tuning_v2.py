"""P-Tuning v2: trained keys and values stand before those of the prompt, in each layer, without a network.

Source: Liu et al. 2022, arXiv 2110.07602, section 3.2.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from ..heads import peft_settings, prompted
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 5e-3
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = False  # the prefix is a cache, and recomputed layers see no cache (PEFT issue 869)


class Options(MethodOptions):
    """Choose the length of the prefix."""

    virtual_tokens: int = Field(20, ge=1, description="trained positions before the prompt, in each layer")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and give each layer a trained prefix."""
    from peft import PrefixTuningConfig

    config = PrefixTuningConfig(
        **peft_settings(model), num_virtual_tokens=options.virtual_tokens, prefix_projection=False
    )
    found: PeftModel = prompted(model, config)
    return found
