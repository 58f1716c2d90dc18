"""What rows become for a model, as long as it can read them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .task import Example, ReadRow, TaskBase

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encoded(
    task: TaskBase,
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[ReadRow],
    limit: int,
    leave_out: bool,
    passages: bool = False,
) -> tuple[list[Example], int]:
    """Return what rows become for the model, and how many rows were left out.

    Args:
        task: Of the rows.
        tokenizer: The model's own.
        rows: As the task reads them.
        limit: Most tokens of a row.
        leave_out: Whether longer rows are left out instead of refused.
        passages: Whether passages were put into them, which could be fewer or shorter.

    Raises:
        UserError: Rows are too long, or none is left.
    """
    found = task.examples(tokenizer, rows, limit)
    longer = [(line, len(example)) for line, example in found if len(example) > limit]
    if longer and not leave_out:
        lines = ", ".join(str(line) for line, _ in longer[:10]) + (", ..." if len(longer) > 10 else "")
        longest = max(length for _, length in longer)
        message = say("training.too_long", count=len(longer), limit=limit, longest=longest, lines=lines)
        hint = say("training.too_long_passages_hint" if passages else "training.too_long_hint")
        raise UserError(message, hint, {"too_long": "leave_out"} if len(longer) < len(found) else {})
    kept = [example for _, example in found if len(example) <= limit]
    if rows and not kept:
        raise UserError(say("training.nothing_left"), say("training.nothing_left_hint"))
    return kept, len({line for line, _ in longer})
