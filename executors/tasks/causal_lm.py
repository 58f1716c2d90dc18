"""Answering: a language model learns the answers of conversations, and nothing of what comes before them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..batches import collate
from ..data import Conversation, read_conversations
from ..losses import answer_loss
from ..prompt import Prompt
from ..task import Batch, TaskBase
from ..tokens import TokenRow, training_row

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


class Task(TaskBase):
    """Learn the last message of each conversation."""

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[Conversation]:
        """Return conversations; other layouts become such."""
        return read_conversations(path, prompt)

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[Conversation], limit: int
    ) -> list[tuple[int, TokenRow]]:
        """Return each conversation in the chat template's form."""
        return [(row.line, training_row(tokenizer, row.turns)) for row in rows]

    def collate(self, examples: Sequence[TokenRow], padding: int) -> Batch:
        """Return a batch with labels for the answers only."""
        return collate(examples, padding)

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss over the answers' tokens."""
        return answer_loss(model, batch)

    def shape(self, examples: Sequence[TokenRow]) -> dict[str, int]:
        """Return the longest row, and for how many places logits are computed: from where any row's answer begins."""
        longest = max(map(len, examples))
        return {"seq_len": longest, "loss_len": longest - min(row.answer_start for row in examples) + 1}
