"""Let a model with a task's head read rows in batches of similar length."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..knowledge.messages import say
from .losses import moved
from .task import Asking, Batch, Example

if TYPE_CHECKING:
    from .task import TaskBase


def in_batches(task: "TaskBase", examples: Sequence[Example], asking: Asking) -> Iterator[tuple[list[int], Batch]]:
    """Yield batches on the model's device, the longest examples first, each with the places of its examples.

    What is computed between two batches needs no gradients, and sees the model without dropout.

    Args:
        task: Makes the batches.
        examples: What is read, none of it longer than the model can read: tasks leave out the ends.
        asking: The model, its tokenizer and the batch's size.
    """
    import torch

    order = sorted(range(len(examples)), key=lambda place: len(examples[place]), reverse=True)
    asking.model.eval()
    with torch.inference_mode():
        for start in range(0, len(order), asking.batch_size):
            places = order[start : start + asking.batch_size]
            batch = task.collate([examples[place] for place in places], asking.tokenizer.pad_token_id)
            yield places, {name: moved(value, asking.model.device) for name, value in batch.items()}
            asking.progress(say("evaluation.answering"), start + len(places), len(order))
