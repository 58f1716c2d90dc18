"""The loss of answers without all logits at a time: a few labels' logits are made, used, and made again going back.

Source: TRL ``SFTConfig.loss_type = "chunked_nll"``, 256 labels at a time.
"""

# ruff: noqa: ANN401 - models with and without adapters

from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .batches import IGNORED
from .losses import answer_loss, moved

if TYPE_CHECKING:
    from torch import Tensor

LABELS = 256
CHANGED_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier")
"""Settings of configs whose models change logits behind the head, which is all that is applied here."""

TOLERANCE = 1e-3
"""Relative: rounding in half precision stays below, another head does not."""


def has_plain_head(config: Any) -> bool:
    """Tell whether a model's logits are its head's output and nothing else, as far as its config shows."""
    return not any(getattr(config, name, None) not in (None, 1, 1.0) for name in CHANGED_LOGITS)


def chunked_answer_loss(model: Any, batch: dict[str, Any]) -> "tuple[Tensor, Tensor]":
    """Return what ``answer_loss`` returns, with the logits of ``LABELS`` labels at a time.

    Args:
        model: A decoder language model, with or without an adapter, perhaps wrapped to train with others.
        batch: What ``collate`` returns.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.checkpoint import checkpoint

    labels = batch["labels"]
    inner = getattr(model, "module", model)
    body, head = inner.get_decoder(), inner.get_output_embeddings()
    states: list[Tensor] = []
    hook = body.register_forward_hook(lambda _, __, made: states.append(made[0]))
    try:  # what the model itself would return are the states of all layers, in float32
        model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], logits_to_keep=1, use_cache=False)
    finally:
        hook.remove()
    hidden = states[0][:, -labels.shape[1] :][:, :-1]  # soft prompts stand before the labels' places
    counted = labels[:, 1:] != IGNORED
    asked, targets = hidden[counted], labels[:, 1:][counted]

    def part(some: "Tensor", right: "Tensor") -> "Tensor":
        return cross_entropy(head(some).float(), right, reduction="sum")

    pairs = zip(asked.split(LABELS), targets.split(LABELS), strict=True)
    losses = [checkpoint(part, some, right, use_reentrant=False) for some, right in pairs]
    total = torch.stack([loss for loss in losses if isinstance(loss, torch.Tensor)]).sum()
    return total, counted.sum()


def agrees(model: Any, batch: dict[str, Any]) -> bool:
    """Tell whether both ways give the same loss for a batch; some models do more behind the head than others."""
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        whole, parts = answer_loss(model, batch)[0], chunked_answer_loss(model, batch)[0]
    model.train(was_training)
    return bool((whole - parts).abs() <= TOLERANCE * whole.abs())


def refuse_other_loss(model: Any, batch: dict[str, Any]) -> None:
    """Refuse chunks where they would be another loss.

    Raises:
        UserError: The model does more behind its head.
    """
    if not agrees(model, {name: moved(value, model.device) for name, value in batch.items()}):
        raise UserError(say("guards.no_chunks"), say("guards.no_chunks_hint"))
