"""Find the batches of a training that take the most memory, each in one of the ways that an estimate asks for."""

import math
from collections.abc import Iterable, Iterator, Sequence

from .batches import LengthGrouped
from .task import Example, TaskBase
from .train_options import TrainOptions

EPOCHS = 10
"""Passes whose batches are looked at: others have other batches, but by then hardly any that takes more."""


def learnt_batches(
    order: LengthGrouped, rows: Sequence[Example], batch_size: int, epochs: float
) -> Iterator[Sequence[Example]]:
    """Yield the batches of a training.

    Args:
        order: Of the rows, in each pass.
        rows: What is learnt.
        batch_size: Rows of a forward pass.
        epochs: Passes over the rows.
    """
    before = order.epoch
    for epoch in range(min(EPOCHS, math.ceil(epochs))):
        order.set_epoch(epoch)
        places = list(order)
        for start in range(0, len(places), batch_size):
            yield [rows[place] for place in places[start : start + batch_size]]
    order.set_epoch(before)


def heaviest(task: TaskBase, batches: Iterable[Sequence[Example]]) -> list[Sequence[Example]]:
    """Return the batches that are largest in a figure of ``TaskBase.shape``, all rows together; the longest first."""
    found: dict[str, tuple[int, Sequence[Example]]] = {}
    for batch in batches:
        for name, size in task.shape(batch).items():
            if size * len(batch) > found.get(name, (0, batch))[0]:
                found[name] = size * len(batch), batch
    return list({id(batch): batch for _, batch in found.values()}.values())


def largest_shape(task: TaskBase, rows: Sequence[Example], options: TrainOptions, seed: int) -> dict[str, int]:
    """Return each figure of ``TaskBase.shape`` as it is in the batch of a training where it is largest.

    Args:
        task: Of the rows.
        rows: What is learnt.
        options: As planned; smaller batches have no larger figures.
        seed: Decides the order of rows.
    """
    found: dict[str, int] = {}
    order = LengthGrouped([len(row) for row in rows], options.batch_size, seed)
    for batch in learnt_batches(order, rows, options.batch_size, options.epochs):
        found = {name: max(size, found.get(name, 0)) for name, size in task.shape(batch).items()}
    return found
