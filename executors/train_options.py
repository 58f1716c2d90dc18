"""All settings of a training, whatever the method."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["auto", "float32", "bfloat16"]
Optimizer = Literal["adamw", "adamw_8bit"]


class TrainOptions(BaseModel):
    """Hold the settings that every method shares; the defaults suit a LoRA on a few hundred to a few thousand rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: float = Field(3, gt=0, description="passes over the training rows")
    learning_rate: float = Field(2e-4, gt=0, description="peak learning rate")
    batch_size: int = Field(8, ge=1, description="rows per forward pass")
    accumulation: int = Field(1, ge=1, description="forward passes per update")
    evaluation_batch_size: int = Field(8, ge=1, description="rows per forward pass when validating")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of all updates over which the learning rate rises")
    weight_decay: float = Field(0.0, ge=0, description="decay of trained weights per update, times the learning rate")
    clip: float = Field(1.0, ge=0, description="gradients are scaled down to this norm; 0 leaves them")
    patience: int = Field(3, ge=0, description="validations without a new best before stopping; 0 never stops early")
    validate_every: int | None = Field(None, ge=1, description="updates between validations; null for once per epoch")
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, about a third slower")
    precision: Precision = Field(
        "auto", description="number type of the computation; auto: bfloat16 on a GPU that has it"
    )

    optimizer: Optimizer = Field(
        "adamw", description="adamw_8bit keeps its averages in a quarter of the memory, on GPUs"
    )
    kernels: Literal["standard", "liger"] = Field(
        "standard", description="liger: fused norms, positions and feed-forwards of the package liger-kernel, on a GPU"
    )
    loss: Literal["standard", "chunked"] = Field(
        "standard", description="chunked makes the logits of a few labels at a time: less memory with many words"
    )
    canary: Literal["auto", "always", "never"] = Field(
        "auto", description="try the longest rows, a validation and a checkpoint first; auto: where the run is long"
    )
    when_too_large: Literal["adapt", "refuse"] = Field(
        "adapt",
        description="adapt: half the batch and twice the accumulation, then checkpointing, chunked loss, adamw_8bit",
    )
    when_room: Literal["keep", "grow"] = Field(
        "keep", description="grow: larger batches and less accumulation where trying shows room; keep: as planned"
    )
    memory_limit_gib: float | None = Field(
        None, gt=0, description="most memory that the training may take; null for what the device has"
    )

    processes: int = Field(1, ge=1, description="processes that train together, one on each GPU; each has its batches")
    sharding: Literal["none", "fsdp2"] = Field(
        "none", description="fsdp2: processes share weights, gradients and averages; none: each has all of them"
    )

    def updates_per_epoch(self, rows: int) -> int:
        """Return how often the weights are updated in one pass."""
        batches = math.ceil(math.ceil(rows / self.batch_size) / self.processes)
        return math.ceil(batches / self.accumulation)

    def updates(self, rows: int) -> int:
        """Return how often the weights are updated in all."""
        return math.ceil(self.epochs * self.updates_per_epoch(rows))

    def warmup_steps(self, rows: int) -> int:
        """Return over how many updates the learning rate rises."""
        return math.ceil(self.warmup * self.updates(rows))

    def check_every(self, rows: int) -> int:
        """Return after how many updates the model is validated and a checkpoint saved."""
        return self.validate_every or self.updates_per_epoch(rows)
