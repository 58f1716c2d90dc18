"""The loss: of language models on answers only; the mean of any task's loss; when to stop."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .batches import IGNORED
from .task import Example, TaskBase

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def answer_loss(model: "PreTrainedModel", batch: "dict[str, Any]") -> "tuple[Tensor, Tensor]":
    """Return the summed loss over the answers' tokens, and how many those are.

    Logits are computed from the first answer's position on: with long contexts and short answers, that is most of
    the head's work saved.

    Args:
        model: A decoder language model, with or without an adapter.
        batch: What ``collate`` returns.
    """
    from torch.nn.functional import cross_entropy, pad

    labels = batch["labels"]
    kept = labels.shape[1] - batch["first_answer"] + 1  # the position before an answer predicts its first token
    output = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        logits_to_keep=kept,
        use_cache=False,
    )
    # the last position predicts nothing, but leaving it out would copy the logits of several rows
    logits, targets = output.logits[:, -kept:], pad(labels[:, 1 - kept :], (0, 1), value=IGNORED)
    loss = cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")
    return loss, (targets != IGNORED).sum()


def validation_loss(
    task: TaskBase, model: "PreTrainedModel", padding: int, rows: Sequence[Example], batch_size: int
) -> float:
    """Return the mean loss over all labels of the rows; of a language model that is in nats per token.

    Raises:
        UserError: None of the labels is one that was learnt.
    """
    import torch

    model.eval()
    batches = (task.collate(batch, padding) for batch in validated_batches(rows, batch_size))
    with torch.no_grad():
        on_device = ({name: moved(value, model.device) for name, value in batch.items()} for batch in batches)
        total, count = task.total_loss(model, on_device)
    if not count:
        raise UserError(say("training.nothing_counted", rows=len(rows)), say("training.nothing_counted_hint"))
    return total / count


def validated_batches(rows: Sequence[Example], batch_size: int) -> Iterator[Sequence[Example]]:
    """Yield the batches of a validation, the longest rows first."""
    ordered = sorted(rows, key=len, reverse=True)
    for start in range(0, len(ordered), batch_size):
        yield ordered[start : start + batch_size]


def should_stop(history: Sequence[dict[str, float]], patience: int) -> bool:
    """Tell whether the validation loss has not improved for a number of evaluations.

    A function of the history alone, so that a resumed run decides as the undisturbed one.

    Args:
        history: Trainer's log.
        patience: Evaluations without a new best; 0 never stops.
    """
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def moved(value: Any, device: Any) -> Any:  # noqa: ANN401 - a tensor or a number
    """Return a part of a batch on the device where the model is."""
    return value.to(device) if hasattr(value, "to") else value
