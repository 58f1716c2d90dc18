"""Going on with pretraining: a language model learns plain texts, packed into blocks without gaps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..asking import in_batches
from ..batches import IGNORED, collate
from ..losses import answer_loss
from ..prompt import Prompt
from ..ratios import Ratios, compared
from ..step import Result, StepContext
from ..task import Asking, Batch, TaskBase, TaskOptions
from ..texts import Packing, TextRow, foretold, packed, read_texts
from ..tokens import TokenRow

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


class Task(TaskBase):
    """Learn every token of texts."""

    Options: ClassVar[type[TaskOptions]] = Packing
    COMPARABLE: ClassVar[bool] = True
    options: Packing

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[TextRow]:
        """Return texts, as ``read_texts`` does."""
        return read_texts(path)

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[TextRow], limit: int
    ) -> list[tuple[int, TokenRow]]:
        """Return blocks of all texts one after the other, each text closed by the end token.

        A block comes with the line of the text that it begins in. The last, shorter one is learnt, too.
        """
        blocks = packed(rows, lambda text: _tokens(tokenizer, text), min(self.options.block, limit))
        return [(line, TokenRow(block, 1)) for line, block in blocks if len(block) > 1]

    def collate(self, examples: Sequence[TokenRow], padding: int) -> Batch:
        """Return a batch with labels for all tokens but the first."""
        return collate(examples, padding)

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss over all tokens but the first."""
        return answer_loss(model, batch)

    def answers(self, asking: Asking) -> list[Any]:
        """Return for each row its loss in nats, how many tokens were foretold, and how many of those were likeliest."""
        found = [[0.0, 0.0, 0.0] for _ in asking.rows]
        owners, blocks = [], []
        for place, row in enumerate(asking.rows):
            for _, block in self.examples(asking.tokenizer, [row], asking.limit):
                owners.append(place)
                blocks.append(block)
        for places, batch in in_batches(self, blocks, asking):
            for place, more in zip(places, _foretold(asking.model, batch), strict=True):
                found[owners[place]] = [sum(pair) for pair in zip(found[owners[place]], more, strict=True)]
        return found

    def measured(
        self, rows: Sequence[TextRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return how many tokens were foretold, and the perplexity: how many tokens it was as if torn between."""
        return compared(_ratios(answers), _ratios(base) if base else None, context.seed)


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    tokens: list[int] = tokenizer(text)["input_ids"]
    return tokens if tokens[-1:] == [tokenizer.eos_token_id] else [*tokens, tokenizer.eos_token_id]


def _foretold(model: Any, batch: Batch) -> list[list[float]]:  # noqa: ANN401 - with or without an adapter
    """Return for each row of a batch its loss, its foretold tokens, and how many of those were likeliest."""
    from torch.nn.functional import cross_entropy

    output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
    length = batch["labels"].shape[1]
    logits, labels = output.logits[:, -length:-1].float(), batch["labels"][:, 1:]
    nats = cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none")
    counted = labels != IGNORED
    right = (logits.argmax(dim=-1) == labels) & counted
    rows = zip(nats.sum(dim=1).tolist(), counted.sum(dim=1).tolist(), right.sum(dim=1).tolist(), strict=True)
    return [[*row] for row in rows]


def _ratios(answers: Sequence[Any]) -> Ratios:
    right, nats = foretold(answers)
    return {"token_accuracy": right, "perplexity": nats}
