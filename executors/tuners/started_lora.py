"""Starts of LoRA that take a part of the base's weights for their own, and the plain LoRA that a result becomes.

They leave another base behind than the one that was loaded. What was learnt is saved as the difference from the start,
twice as wide, on the base as it was: so it loads, merges and serves like any LoRA.

Source: Meng et al. 2024, arXiv 2404.02948, section 3 (PiSSA); Büyükakyüz 2024, arXiv 2406.01775 (OLoRA); the
difference: peft 0.21, ``LoraModel.subtract_mutated_init``, which wants the start on the disk.
"""

import math
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from torch import Tensor

Start = Literal["default", "gaussian", "orthogonal", "pissa", "olora"]
NAMES: Mapping[str, bool | str] = {
    "default": True,
    "gaussian": "gaussian",
    "orthogonal": "orthogonal",
    "pissa": "pissa_niter_16",  # exact decompositions of a large model's layers take hours, this takes seconds
    "olora": "olora",
}
"""The PEFT library's names."""
TAKING = ("pissa", "olora")
"""Those that change the base."""
START = "lora_start"
SIDES = (".lora_A.", ".lora_B.", ".lora_embedding_A.", ".lora_embedding_B.")
"""What the names of the two matrices have in them; a magnitude of DoRA is no part of the product."""


def remember_start(model: "PeftModel") -> None:
    """Keep what a start that takes a part of the base gave to the adapter, beside the model."""
    sides = [(name, value) for name, value in model.named_parameters() if any(side in name for side in SIDES)]
    start = {name: value.detach().to("cpu", copy=True) for name, value in sides}
    setattr(model, START, start)


def save_lora(model: "PeftModel", folder: Path, state: "Mapping[str, Tensor] | None" = None) -> None:
    """Write an adapter; where its start took a part of the base, as a plain LoRA of twice the rank.

    Args:
        model: With an adapter of any kind.
        folder: Is there.
        state: All weights by name; None for those of the model.
    """
    start: Mapping[str, Tensor] | None = getattr(model, START, None)
    if start is None:
        model.save_pretrained(str(folder), state_dict=state, save_embedding_layers=False)  # new tokens' rows are inside
        return
    kept = cast("LoraConfig", model.peft_config["default"])
    plain = copy(kept)
    plain.init_lora_weights = True
    plain.r *= 2
    wider: float = math.sqrt(2) if kept.use_rslora else 2
    plain.lora_alpha = kept.lora_alpha * wider  # type: ignore[assignment] # so that the scale stays
    now = model.state_dict() if state is None else state
    joined = {name: _joined(name, now[name], value.to(now[name])) for name, value in start.items()}
    model.peft_config["default"] = plain
    try:
        model.save_pretrained(str(folder), state_dict={**now, **joined}, save_embedding_layers=False)
    finally:
        model.peft_config["default"] = kept


def _joined(name: str, now: "Tensor", start: "Tensor") -> "Tensor":
    """Return one side of ``now B @ now A - start B @ start A`` as one product.

    Args:
        name: Of the parameter.
        now: A's or B's weights, ``(rank, in)`` or ``(out, rank)``.
        start: The same as they began.
    """
    import torch

    return torch.cat([now, start], dim=0) if "_A." in name else torch.cat([now, -start], dim=1)
