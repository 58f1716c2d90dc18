"""IA3: trained factors scale keys, values and the feed-forward layer's activations.

Source: Liu et al. 2022, arXiv 2205.05638, section 3.3.
"""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..heads import peft_settings
from ..method import MethodOptions, Quantisation
from ..quantised import widen_rest

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 5e-3
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True
WIDENS = True


class Options(MethodOptions):
    """Choose which layers are scaled.

    Attributes:
        targets: Names of linear modules; empty means keys, values and the feed-forward output.
        feedforward: Those of ``targets`` whose inputs, not outputs, are scaled.
    """

    targets: tuple[str, ...] = Field((), description="names of scaled linear modules; empty for the paper's choice")
    feedforward: tuple[str, ...] = Field((), description="those of the targets whose inputs are scaled")

    @model_validator(mode="after")
    def _of_the_targets(self) -> Self:
        if others := [name for name in self.feedforward if name not in self.targets]:
            raise ValueError(say("training.no_part_of_targets", names=", ".join(others)))
        return self


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and add the factors.

    Raises:
        UserError: The paper's choice is not known for this model's architecture.
    """
    from peft import IA3Config, get_peft_model

    config = IA3Config(
        **peft_settings(model),
        target_modules=list(options.targets) or None,
        feedforward_modules=list(options.feedforward) if options.targets else None,
    )
    try:
        return get_peft_model(widen_rest(model), config)
    except ValueError as error:
        kind = model.config.model_type
        message, hint = say("training.no_targets", method="ia3", kind=kind), say("training.no_targets_hint")
        raise UserError(message, hint, {"method": "lora"}) from error
