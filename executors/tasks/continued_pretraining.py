"""Going on with pretraining: a language model learns plain texts, packed into blocks without gaps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..batches import collate
from ..compact import compact
from ..losses import answer_loss
from ..task import Batch, TaskOptions
from ..text_task import TextTask
from ..texts import Packing, TextRow, packed
from ..tokens import TokenRow

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


class Task(TextTask):
    """Learn every token of texts."""

    Options: ClassVar[type[TaskOptions]] = Packing
    ACCURACY: ClassVar[str] = "token_accuracy"
    options: Packing

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[TextRow], limit: int
    ) -> list[tuple[int, TokenRow]]:
        """Return blocks of all texts one after the other, each text closed by the end token.

        A block comes with the line of the text that it begins in. The last, shorter one is learnt, too.
        """
        blocks = packed(rows, lambda text: _tokens(tokenizer, text), min(self.options.block, limit))
        return [(line, TokenRow(compact(block), 1)) for line, block in blocks if len(block) > 1]

    def collate(self, examples: Sequence[TokenRow], padding: int) -> Batch:
        """Return a batch with labels for all tokens but the first."""
        return collate(examples, padding)

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss over all tokens but the first."""
        return answer_loss(model, batch)

    def said(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return how likely each token is behind those before it, and which one it is."""
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
        length = batch["labels"].shape[1]
        return output.logits[:, -length:-1].float(), batch["labels"][:, 1:]


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    tokens: list[int] = tokenizer(text)["input_ids"]
    return tokens if tokens[-1:] == [tokenizer.eos_token_id] else [*tokens, tokenizer.eos_token_id]
