"""Prompt tuning: trained vectors stand before the prompt, as if they were words; the model stays as it is.

It pays on models of ten billion parameters and more; smaller ones learn little from it.

Source: Lester et al. 2021, arXiv 2104.08691, section 2 and figure 3 (starting from words beats random vectors).
"""

from typing import TYPE_CHECKING

from pydantic import Field

from ..heads import peft_settings, prompted
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 3e-2
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True


class Options(MethodOptions):
    """Choose the trained vectors."""

    virtual_tokens: int = Field(20, ge=1, description="trained vectors before the prompt; 10 to 200 is usual")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and put vectors, started from words of its vocabulary, before the prompt."""
    from peft import PromptTuningConfig, PromptTuningInit

    config = PromptTuningConfig(
        **peft_settings(model),
        num_virtual_tokens=options.virtual_tokens,
        prompt_tuning_init=PromptTuningInit.SAMPLE_VOCAB,
    )
    found: PeftModel = prompted(model, config)
    return found
