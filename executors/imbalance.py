"""Losses for classes of very different size: weighted, focal, and the F1 itself made smooth."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from .batches import IGNORED
from .task import Batch, TaskBase, TaskOptions

if TYPE_CHECKING:
    from torch import Tensor

ClassLoss = Literal["plain", "weighted", "focal", "soft_f1"]
HEAVIEST = 100.0
"""A class weighs at most this much more than in the plain loss: one row must not outweigh an epoch."""

DESCRIPTION = "plain; weighted (each class counts the same), focal (hard rows count more), soft_f1 (the F1 made smooth)"


class ClassLossOptions(TaskOptions):
    """Choose the loss of classes."""

    loss: ClassLoss = Field("plain", description=DESCRIPTION)
    focus: float = Field(2.0, ge=0, le=5, description="how much less easy rows count in the focal loss; 0 is plain")


def class_weights(counts: Sequence[int], rows: int, several: bool) -> list[float]:
    """Return what each class weighs so that all classes count the same.

    Args:
        counts: Rows of each class, at least 1.
        rows: All rows.
        several: Whether a row may have any number of classes; then it is the weight of yes against no.

    Source: King and Zeng 2001, "Logistic Regression in Rare Events Data", section 4.2; scikit-learn's ``balanced``.
    """
    if several:
        return [min(HEAVIEST, max(1, rows - count) / count) for count in counts]
    total = sum(counts)
    return [min(HEAVIEST, total / (len(counts) * count)) for count in counts]


def class_loss(
    logits: "Tensor", labels: "Tensor", options: ClassLossOptions, counts: Sequence[int], rows: int
) -> "Tensor":
    """Return the summed loss over all labels that count.

    Args:
        logits: Shape ``(rows, classes)``, in float32.
        labels: Shape ``(rows,)`` with -100 for what does not count; or ``(rows, classes)`` of 0 and 1 where several
            classes may apply.
        options: Which loss.
        counts: Rows to learn from of each class.
        rows: All rows to learn from.

    Source: focal: Lin et al. 2017, arXiv 1708.02002, equation 4. Smooth F1: Bénédict et al. 2021, arXiv 2108.10566,
        equations 5 to 8, over the classes of a batch.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    several = labels.dim() == 2
    if options.loss == "soft_f1":
        return soft_f1(f1_sums(logits, labels)) * (labels != IGNORED).sum()
    weights = None
    if options.loss == "weighted":
        weights = torch.tensor(class_weights(counts, rows, several), device=logits.device)
    if several:
        each = binary_cross_entropy_with_logits(logits, labels, pos_weight=weights, reduction="none")
    else:
        each = cross_entropy(logits, labels, weight=weights, ignore_index=IGNORED, reduction="none")
    if options.loss == "focal":
        unsure = 1 - torch.exp(-each)
        if options.focus < 1:  # the slope of such a power has no end at 0, where rows are that the model is sure of
            unsure = unsure.clamp(min=torch.finfo(unsure.dtype).tiny)
        each = unsure**options.focus * each
    return each.sum()


def f1_sums(logits: "Tensor", labels: "Tensor") -> "Tensor":
    """Return what the smooth F1 is made of, which batches can add up: shape ``(4, classes)``.

    How likely each class is in its own rows, how likely in all, in how many rows it is, and how many rows there are.
    """
    import torch
    from torch.nn.functional import one_hot

    if labels.dim() == 2:
        likely, right = torch.sigmoid(logits), labels
    else:
        counted = labels != IGNORED
        likely = torch.softmax(logits[counted], dim=1)
        right = one_hot(labels[counted], logits.shape[1]).to(likely.dtype)
    return torch.stack(
        [(likely * right).sum(dim=0), likely.sum(dim=0), right.sum(dim=0), torch.ones_like(right).sum(dim=0)]
    )


def soft_f1(sums: "Tensor") -> "Tensor":
    """Return 1 less the smooth F1, the mean over the classes that there are."""
    shared, likely, right, rows = sums
    present = right > 0
    if not present.any():  # every class is wrong here: the less is said, the better
        lost: Tensor = likely.sum() / rows.sum().clamp(min=1)
    else:
        lost = 1 - (2 * shared / (likely + right))[present].mean()
    return lost


class ClassLossTask(TaskBase):
    """Learn classes with one of the losses for them."""

    options: ClassLossOptions

    @abstractmethod
    def scored(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return what the head says of each class, and the labels, as ``class_loss`` takes them."""

    @abstractmethod
    def counts(self) -> tuple[list[int], int]:
        """Return how often each class is learnt from, and all of them together."""

    @property
    def divisible(self) -> bool:
        """Whether rows learn the same in batches of any size: an F1 of parts says little of the whole."""
        return self.options.loss != "soft_f1"

    @property
    def uneven(self) -> bool:
        """Whether some rows weigh far more than others: a rare class in the weighted loss."""
        return self.options.loss == "weighted"

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss of each label's class, or of each class's yes or no."""
        logits, labels = self.scored(model, batch)
        return class_loss(logits, labels, self.options, *self.counts()), (labels != IGNORED).sum()

    def total_loss(self, model: Any, batches: Iterable[Batch]) -> tuple[float, int]:  # noqa: ANN401 - see TaskBase
        """Return the loss summed over all batches; the smooth F1 is that of all of them as one."""
        if self.divisible:
            return super().total_loss(model, batches)
        sums: Any = 0.0
        count = 0
        for batch in batches:
            logits, labels = self.scored(model, batch)
            sums, count = sums + f1_sums(logits, labels), count + int((labels != IGNORED).sum())
        return (float(soft_f1(sums)) * count if count else 0.0), count
