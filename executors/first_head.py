"""Begin a head as the linear probe of the model that it stands on, so that training does not first have to find one.

A random head sends random gradients into a body that knew much, and takes hundreds of updates to learn what logistic
regression finds in seconds.

Source: Kumar et al. 2022, arXiv 2202.10054 (linear probing, then fine-tuning).
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..knowledge.messages import say
from .linear import HeadOptions, tuned_head
from .losses import moved
from .models import computes_in_half
from .task import Example, Learning, TaskBase

if TYPE_CHECKING:
    from torch import Tensor, nn

STRENGTH = 10.0
"""Inverse regularisation of the probe, on vectors of length 1: not the best probe, which is surer than is good to begin
with, but near it."""
MOST = 20_000
"""Rows that the probe is fitted to; with more it hardly changes."""


def begin_as_probe(task: TaskBase, learning: Learning, examples: Sequence[Any], several: bool) -> None:
    """Set the weights of a head, one linear layer, to those of logistic regression on what it is given.

    Args:
        task: Makes the batches.
        learning: The model that is about to be trained, and how.
        examples: Rows to learn from, with ``classes``: whether each class applies. One without a class tells nothing,
            unless several may apply.
        several: Whether more than one may.
    """
    import numpy as np
    import torch

    chosen = [example for example in examples if several or any(example.classes)]
    if len(chosen) > MOST:
        chosen = random.Random(f"{learning.seed}/probe").sample(chosen, MOST)
    chosen.sort(key=len)
    learning.progress(say("training.first_head", rows=len(chosen)), 0, None)
    head = learning.model.classifier
    vectors = np.concatenate([part.float().cpu().numpy() for part in _given(head, task, learning, chosen)])
    length = float(np.linalg.norm(vectors, axis=1).mean())
    right = np.array([example.classes for example in chosen])
    options = HeadOptions(c_values=(STRENGTH,), balanced=False)
    found, _ = tuned_head(vectors / length, right, several, options, learning.seed, learning.progress)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(found.weights / length))
        head.bias.copy_(torch.from_numpy(found.biases))


def _given(head: "nn.Module", task: TaskBase, learning: Learning, examples: Sequence[Example]) -> "list[Tensor]":
    """Return what the head is given for each batch of examples, without dropout."""
    import torch

    given: list[Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    learning.model.eval()
    half, size, place = (
        computes_in_half(learning.options),
        learning.options.evaluation_batch_size,
        learning.model.device,
    )
    try:
        with torch.inference_mode(), torch.autocast(place.type, torch.bfloat16, enabled=half):
            for start in range(0, len(examples), size):
                batch = task.collate(examples[start : start + size], learning.padding)
                task.loss(learning.model, {name: moved(value, place) for name, value in batch.items()})
    finally:
        hook.remove()
    return given
