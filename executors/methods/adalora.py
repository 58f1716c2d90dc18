"""AdaLoRA: LoRA in the form of a singular value decomposition, whose rank moves to the layers where it matters.

Source: Zhang et al. 2023, arXiv 2303.10512: equations 3 (form), 4 (orthogonality), 9 to 12 (importance and budget).
"""

import json
import math
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..heads import peft_settings
from ..method import MethodOptions, Quantisation, Targets
from ..quantised import widen_rest

if TYPE_CHECKING:
    from peft import AdaLoraConfig, PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

LEARNING_RATE = 1e-3
BASES: tuple[Quantisation, ...] = ("none", "int8", "nf4")
CHECKPOINTING = True
WIDENS = True

PATTERN = "pattern"
AVERAGES = ("ipt", "exp_avg_ipt", "exp_avg_unc")


class Options(MethodOptions):
    """Choose the ranks, the place, and when rank is shared out.

    Attributes:
        rank: Rank of every layer at the start; 1.5 times the target is the paper's choice.
        start: Share of the updates before any rank is taken away, from 0 to below 1.
        end: Share of the updates with the final ranks, from 0 to below 1; together with ``start`` less than 1.
    """

    rank: int = Field(12, ge=2, description="rank of every layer at the start; 1.5 times the target is usual")
    target_rank: int = Field(8, ge=1, description="mean rank that is left in the end")
    alpha: float = Field(32, gt=0, description="the update is scaled by alpha")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of adapter inputs zeroed in training")
    targets: Targets = Field(
        (), description="names of adapted linear modules; empty or all-linear for all of the blocks"
    )
    start: float = Field(0.1, ge=0, lt=0.5, description="share of the updates before rank is taken away")
    end: float = Field(0.3, ge=0, lt=0.5, description="share of the updates with the final ranks")
    orthogonality: float = Field(0.1, ge=0, description="weight of the term that keeps the factors orthogonal")


def attach(model: "PreTrainedModel", options: Options) -> "PeftModel":
    """Freeze the model and add the factors; how long the training is, ``Schedule`` learns later.

    Raises:
        UserError: The rank at the start is not above the target.
    """
    from peft import AdaLoraConfig, get_peft_model

    if options.rank <= options.target_rank:
        message = say("training.adalora_rank", rank=options.rank, target=options.target_rank)
        rank = math.ceil(options.target_rank * 1.5)
        raise UserError(message, say("training.adalora_rank_hint", rank=rank), {"method_options.rank": rank})
    config = AdaLoraConfig(
        **peft_settings(model),
        init_r=options.rank,
        target_r=options.target_rank,
        lora_alpha=options.alpha,  # type: ignore[arg-type]
        lora_dropout=options.dropout,
        target_modules=list(options.targets) or "all-linear",
        orth_reg_weight=options.orthogonality,
        total_step=1,
    )
    return get_peft_model(widen_rest(model), config)


class Schedule:
    """Share out rank while training: the part of the method that a training loop has to call.

    The PEFT library does none of this by itself under a trainer: without ``after_update`` ranks never change, and
    its orthogonality term is in the loss only where the model computes the loss.

    Args:
        model: What ``attach`` returned.
        options: The same options.
        updates: Optimizer steps of the whole training, at least 1.
    """

    def __init__(self, model: "PeftModel", options: Options, updates: int) -> None:
        self.model: Any = model
        self.config = cast("AdaLoraConfig", model.peft_config["default"])
        self.allocator: Any = self.model.base_model.rankallocator
        self.config.total_step = updates
        self.config.tinit = int(updates * options.start)
        self.config.tfinal = int(updates * options.end)

    def penalty(self) -> "Tensor":
        """Return the weighted distance of all factors from orthogonal ones, a number with a gradient."""
        import torch

        factors = [
            (name, value) for name, value in self.model.named_parameters() if ".lora_A." in name or ".lora_B." in name
        ]
        products = [value @ value.T if ".lora_A." in name else value.T @ value for name, value in factors]
        distances = [torch.linalg.norm(one - torch.eye(len(one), device=one.device)) for one in products]
        weight: float = self.config.orth_reg_weight
        return weight * torch.stack(distances).mean()

    def after_update(self, update: int) -> None:
        """Measure importance and take rank away; gradients must still be there.

        Args:
            update: Number of the update that was just made, from 1.
        """
        self.model.base_model.update_and_allocate(update)

    def state(self) -> "dict[str, Tensor]":
        """Return what a resumed training needs to go on as the undisturbed one."""
        import torch

        state = {f"{kind}.{name}": value for kind in AVERAGES for name, value in getattr(self.allocator, kind).items()}
        pattern = json.dumps(self.config.rank_pattern).encode()
        return state | {PATTERN: torch.frombuffer(bytearray(pattern), dtype=torch.uint8)}

    def load(self, state: "dict[str, Tensor]") -> None:
        """Put back what ``state`` returned."""
        self.config.rank_pattern = json.loads(bytes(state[PATTERN].cpu().numpy()))
        for kind in AVERAGES:
            found = {
                name.removeprefix(f"{kind}."): value for name, value in state.items() if name.startswith(f"{kind}.")
            }
            setattr(self.allocator, kind, {name: value.to(self._device(name)) for name, value in found.items()})

    def _device(self, name: str) -> Any:  # noqa: ANN401 - torch is imported in functions only
        return self.model.base_model.model.get_parameter(name).device  # the allocator's names lack the wrapper's
