"""Full fine-tuning: every weight of the model is trained.

The strongest fit and the largest need of memory; it also forgets the most.
"""

from typing import TYPE_CHECKING

from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LEARNING_RATE = 2e-5
BASES: tuple[Quantisation, ...] = ("none",)
CHECKPOINTING = True
FLOAT32 = True


class Options(MethodOptions):
    """Full fine-tuning has no options of its own."""


def attach(model: "PreTrainedModel", options: Options) -> "PreTrainedModel":
    """Make all parameters trainable."""
    model.requires_grad_(True)
    return model
