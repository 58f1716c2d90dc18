"""What tasks that learn plain texts share: reading these, and measuring how well the tokens of each are foretold."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .asking import in_batches
from .batches import IGNORED
from .prompt import Prompt
from .ratios import Ratios, compared
from .step import Result, StepContext
from .task import Asking, Batch, TaskBase
from .texts import TextRow, read_texts

if TYPE_CHECKING:
    from torch import Tensor


class TextTask(TaskBase):
    """Learn plain texts.

    Attributes:
        ACCURACY: What the share of tokens that were likeliest is called.
    """

    COMPARABLE: ClassVar[bool] = True
    ACCURACY: ClassVar[str]

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[TextRow]:
        """Return texts, as ``read_texts`` does."""
        return read_texts(path)

    @abstractmethod
    def said(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return how likely each token is, shape ``(batch, seq, vocabulary)``, in float32, and the labels there."""

    def answers(self, asking: Asking) -> list[Any]:
        """Return for each row its loss in nats, how many tokens were foretold, and how many of those were likeliest."""
        found = [[0.0, 0.0, 0.0] for _ in asking.rows]
        owners, blocks = [], []
        for place, row in enumerate(asking.rows):
            for _, block in self.examples(asking.tokenizer, [row], asking.limit):
                owners.append(place)
                blocks.append(block)
        for places, batch in in_batches(self, blocks, asking):
            for place, more in zip(places, _counted(*self.said(asking.model, batch)), strict=True):
                found[owners[place]] = [sum(pair) for pair in zip(found[owners[place]], more, strict=True)]
        return found

    def measured(
        self, rows: Sequence[TextRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return how many tokens were foretold, and the perplexity: how many tokens it was as if torn between."""
        return compared(self._ratios(answers), self._ratios(base) if base else None, context.seed)

    def _ratios(self, answers: Sequence[Any]) -> Ratios:
        nats, tokens, right = zip(*answers, strict=True)
        return {self.ACCURACY: (right, tokens), "perplexity": (nats, tokens)}


def _counted(logits: "Tensor", labels: "Tensor") -> "Iterator[tuple[float, int, int]]":
    """Yield for each block of a batch what ``answers`` adds up for its text."""
    from torch.nn.functional import cross_entropy

    asked = labels != IGNORED
    nats = cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none")
    right = (logits.argmax(dim=-1) == labels) & asked
    yield from zip(nats.sum(dim=1).tolist(), asked.sum(dim=1).tolist(), right.sum(dim=1).tolist(), strict=True)
