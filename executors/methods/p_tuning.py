"""P-Tuning: vectors before the prompt that a small trained network makes; the model stays as it is.

Source: Liu et al. 2021, arXiv 2103.10385, section 3.2.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..heads import peft_settings, prompted
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 1e-3
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True


class Options(MethodOptions):
    """Choose the vectors and the network that makes them."""

    virtual_tokens: int = Field(20, ge=1, description="vectors before the prompt")
    encoder: Literal["mlp", "lstm"] = Field("mlp", description="network that makes the vectors")
    encoder_width: int = Field(128, ge=1, description="width of that network's hidden layers")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and put the network's vectors before the prompt."""
    from peft import PromptEncoderConfig

    config = PromptEncoderConfig(
        **peft_settings(model),
        num_virtual_tokens=options.virtual_tokens,
        encoder_reparameterization_type=options.encoder.upper(),
        encoder_hidden_size=options.encoder_width,
    )
    found: PeftModel = prompted(model, config)
    return found
