"""Going on with pretraining an encoder: a masked language model learns to fill gaps in plain texts.

Source: Devlin et al. 2019, arXiv 1810.04805, section 3.1 and appendix C.2 (15 % of the tokens, of these 80 % masked,
10 % another one, 10 % left); Liu et al. 2019, arXiv 1907.11692, section 4.1 (other gaps in each pass, texts packed);
gaps of whole words: Cui et al. 2019, arXiv 1906.08101.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from pydantic import Field

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..batches import IGNORED, filled, padded
from ..compact import compact
from ..task import Batch, TaskOptions
from ..text_task import TextTask
from ..texts import Packing, TextRow, packed

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

MASKED, OTHER = 0.8, 0.1
SPECIAL = -1


@dataclass(frozen=True, slots=True)
class GapExample:
    """Hold a block of tokens.

    Attributes:
        words: Which word each token belongs to; -1 for special tokens, in which there are no gaps.
        mask: The token that stands for a gap.
        others: How many tokens there are to put in a gap's place.
    """

    tokens: Sequence[int]
    words: Sequence[int]
    mask: int
    others: int

    def __len__(self) -> int:
        return len(self.tokens)


class Gaps(Packing):
    """Say how texts are packed and where gaps are."""

    block: int = Field(512, ge=8, description="tokens of a block, where the model can read so many")
    share: float = Field(0.15, gt=0, lt=1, description="share of the tokens, or words, to foretell")
    whole_words: bool = Field(False, description="gaps are whole words, as the tokenizer divides them")


class Task(TextTask):
    """Learn to fill gaps."""

    Options: ClassVar[type[TaskOptions]] = Gaps
    AUTO: ClassVar[str] = "AutoModelForMaskedLM"
    ACCURACY: ClassVar[str] = "masked_accuracy"
    PLACES: ClassVar[bool] = True
    options: Gaps

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[TextRow], limit: int
    ) -> list[tuple[int, GapExample]]:
        """Return blocks of all texts one after the other, each text between the special tokens that the model knows."""
        if tokenizer.mask_token_id is None:
            raise UserError(say("training.no_mask"), say("training.no_mask_hint"))
        mask: Any = tokenizer.mask_token_id
        blocks = packed(rows, lambda text: _tokens(tokenizer, text), min(self.options.block, limit))
        return [
            (line, _example(block, self.options.whole_words, mask, len(tokenizer)))
            for line, block in blocks
            if any(word != SPECIAL for _, word in block)
        ]

    def collate(self, examples: Sequence[GapExample], padding: int) -> Batch:
        """Return a batch with gaps that its rows together decide, the same each time."""
        return self.collate_anew(examples, padding, 0)

    def collate_anew(self, examples: Sequence[GapExample], padding: int, epoch: int) -> Batch:
        """Return a batch with gaps that its rows and the pass decide, the same after a stop."""
        import torch

        batch = padded([example.tokens for example in examples], padding)
        told = repr([[*example.tokens] for example in examples]).encode()
        chance = torch.Generator().manual_seed(crc32(told, epoch))
        labels = batch["input_ids"].masked_fill(~self._gaps(examples, chance), IGNORED)
        lot = torch.rand(labels.shape, generator=chance)
        others = torch.randint(examples[0].others, labels.shape, generator=chance)
        gaps = labels != IGNORED
        tokens = torch.where(gaps & (lot < MASKED), examples[0].mask, batch["input_ids"])
        tokens = torch.where(gaps & (lot >= 1 - OTHER), others, tokens)
        return batch | {"input_ids": tokens, "labels": labels}

    def _gaps(self, examples: Sequence[GapExample], chance: Any) -> "Tensor":  # noqa: ANN401 - a torch.Generator
        """Return where the gaps are, shape ``(batch, seq)``; each row has one or more."""
        import torch

        rows = []
        for example in examples:
            words = torch.tensor([*example.words])
            lots = torch.rand(int(words.max()) + 1, generator=chance)
            kinds = words.unique()
            kinds = kinds[kinds != SPECIAL]
            chosen = kinds[lots[kinds] <= max(self.options.share, float(lots[kinds].min()))]
            rows.append(torch.isin(words, chosen).int().tolist())
        return filled(rows, 0).bool()

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss over the gaps."""
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        logits = self.logits(model, batch).flatten(0, 1)
        loss = cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return loss, (labels != IGNORED).sum()

    def logits(self, model: Any, batch: Batch) -> "Tensor":  # noqa: ANN401 - see TaskBase
        """Return how likely each token is in each place, shape ``(batch, seq, vocabulary)``, in float32."""
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        logits: Tensor = output.logits.float()
        return logits

    def said(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return how likely each token is in each place, and what stood in the gaps."""
        return self.logits(model, batch), batch["labels"]


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[tuple[int, int]]:
    """Return each token with its word's number in the text; -1 for special tokens."""
    found = tokenizer(text)
    tokens: list[int] = found["input_ids"]
    words = [SPECIAL if word is None else word for word in found.word_ids()]
    return [*zip(tokens, words, strict=True)]


def _example(block: Sequence[tuple[int, int]], whole: bool, mask: int, others: int) -> GapExample:
    return GapExample(compact(token for token, _ in block), compact(_words(block, whole)), mask, others)


def _words(block: Sequence[tuple[int, int]], whole: bool) -> list[int]:
    """Return the number of each token's word in the block: words of several texts have numbers of their own."""
    numbers, count, before = [], SPECIAL, SPECIAL
    for _, word in block:
        count += word != SPECIAL and not (whole and word == before)
        numbers.append(SPECIAL if word == SPECIAL else count)
        before = word
    return numbers
