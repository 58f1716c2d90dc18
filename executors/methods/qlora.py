"""QLoRA: a LoRA beside layers whose frozen weights are stored in four bits (NF4, doubly quantised).

Source: Dettmers et al. 2023, arXiv 2305.14314, sections 3 and 4.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..method import Quantisation
from . import lora

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 2e-4
BASES: tuple[Quantisation, ...] = ("nf4",)
CHECKPOINTING = True


class Options(lora.Options):
    """Choose the size and the place of the trained matrices, as for LoRA, and a start that leaves the base as it is."""

    start: Literal["default", "gaussian", "orthogonal"] = Field(
        "default", description="what the matrices begin with; pissa and olora need a base that is not quantised: lora"
    )


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model, lift what is not quantised to full precision, and add the trained matrices."""
    from peft import prepare_model_for_kbit_training

    return lora.attach(prepare_model_for_kbit_training(model, use_gradient_checkpointing=False), options)
