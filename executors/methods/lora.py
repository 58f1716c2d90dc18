"""LoRA: a trained product of two thin matrices beside each frozen linear layer.

Source: Hu et al. 2021, arXiv 2106.09685, section 4.1; rsLoRA: Kalajdzievski 2023, arXiv 2312.03732, theorem 3.2;
DoRA: Liu et al. 2024, arXiv 2402.09353, equation 5. Starts: see ``executors/tuners/started_lora.py``.
"""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ...knowledge.messages import say
from ..heads import peft_settings
from ..method import MethodOptions, Quantisation, Targets
from ..tuners.started_lora import NAMES, TAKING, Start, remember_start
from ..vocabulary import grown_settings

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

LEARNING_RATE = 2e-4
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True


class Options(MethodOptions):
    """Choose the size and the place of the trained matrices.

    Attributes:
        targets: Names of the linear modules; empty means every linear layer of the blocks, which measured better than
            attention alone at the same number of parameters.
    """

    rank: int = Field(16, ge=1, description="width of the trained matrices; 8 to 64 is usual")
    alpha: float = Field(32, gt=0, description="the update is scaled by alpha / rank; keep alpha at twice the rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of adapter inputs zeroed in training")
    targets: Targets = Field(
        (), description="names of adapted linear modules; empty or all-linear for all of the blocks"
    )
    rslora: bool = Field(False, description="scale by alpha / sqrt(rank), which keeps high ranks learning")
    dora: bool = Field(False, description="train direction and magnitude apart; slower, sometimes better")
    start: Start = Field(
        "default",
        description="what the matrices begin with; pissa and olora take the main part of the weights, and learn faster",
    )

    @model_validator(mode="after")
    def _halves(self) -> Self:
        if self.start == "orthogonal" and self.rank % 2:
            raise ValueError(say("training.odd_rank", rank=self.rank))
        return self


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and add the trained matrices."""
    from peft import LoraConfig, get_peft_model

    start = "default" if model.device.type == "meta" else options.start  # there is nothing to take from
    config = LoraConfig(
        **peft_settings(model),
        r=options.rank,
        lora_alpha=options.alpha,  # type: ignore[arg-type]
        lora_dropout=options.dropout,
        target_modules=list(options.targets) or "all-linear",
        use_rslora=options.rslora,
        use_dora=options.dora,
        init_lora_weights=NAMES[start],  # type: ignore[arg-type]
        **grown_settings(model),
    )
    adapted = get_peft_model(model, config)
    if start in TAKING:
        remember_start(adapted)
    return adapted
