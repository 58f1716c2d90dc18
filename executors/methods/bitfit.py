"""BitFit: only the biases that the model already has are trained.

Llama, Mistral, Qwen 3 and T5 have none; Qwen 2 has them in attention only.

Source: Ben Zaken et al. 2022, arXiv 2106.10199, section 3.
"""

from typing import TYPE_CHECKING

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..heads import head_modules, train_head
from ..method import MethodOptions, Quantisation

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LEARNING_RATE = 1e-3
BASES: tuple[Quantisation, ...] = ("none",)
CHECKPOINTING = True
FLOAT32 = True


class Options(MethodOptions):
    """BitFit has no options of its own."""


def attach(model: "PreTrainedModel", options: Options) -> "PreTrainedModel":
    """Make all biases trainable, and freeze the rest but for a task's head.

    Raises:
        UserError: The model has no biases.
    """
    head = tuple(f"{name}." for name in head_modules(model))
    names = [name for name, _ in model.named_parameters() if not name.startswith(head)]
    biases = [name for name in names if name.endswith(".bias")]
    if not biases:
        raise no_biases(model.config.model_type)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in set(biases)
    train_head(model)
    return model


def no_biases(kind: str) -> UserError:
    """Return the refusal of models of a kind that have no biases."""
    return UserError(say("training.no_biases", kind=kind), say("training.no_biases_hint"), {"method": "lora"})
