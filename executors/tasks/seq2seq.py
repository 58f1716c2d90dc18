"""Rewriting: an encoder-decoder such as T5 learns to write a target for a source, as in translating and summarising."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ..asking import in_batches
from ..batches import IGNORED, filled, padded, shortened
from ..compact import compact
from ..prompt import Prompt
from ..row_files import laid_out
from ..step import Result, StepContext
from ..task import Asking, Batch, TaskBase, TaskOptions
from ..written import text_compared, write_texts

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class PairRow:
    """Hold a source, its target, and the line where they begin, from 1."""

    line: int
    source: str
    target: str

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return self.source


@dataclass(frozen=True, slots=True)
class PairExample:
    """Hold the tokens of a source and of its target, both with their end tokens."""

    tokens: Sequence[int]
    target: Sequence[int]

    def __len__(self) -> int:
        return max(len(self.tokens), len(self.target))


class Writing(TaskOptions):
    """Say how answers are written."""

    max_new_tokens: int = Field(128, ge=1, description="longest answer in tokens when the model is measured")


class Task(TaskBase):
    """Learn to write targets."""

    Options: ClassVar[type[TaskOptions]] = Writing
    AUTO: ClassVar[str] = "AutoModelForSeq2SeqLM"
    COMPARABLE: ClassVar[bool] = True
    options: Writing

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[PairRow]:
        """Return rows with question and answer, prompt and completion, or instruction, input and output."""
        rows = laid_out(path, "question_answer", "instruction", "prompt_completion")
        return [PairRow(line, *_pair(values)) for line, values in rows]

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[PairRow], limit: int
    ) -> list[tuple[int, PairExample]]:
        """Return sources and targets with the special tokens that the model knows."""
        sources = [compact(tokenizer(row.source)["input_ids"]) for row in rows]
        targets = [compact(tokenizer(text_target=row.target)["input_ids"]) for row in rows]
        pairs = zip(rows, sources, targets, strict=True)
        return [(row.line, PairExample(source, target)) for row, source, target in pairs]

    def collate(self, examples: Sequence[PairExample], padding: int) -> Batch:
        """Return a batch; ``labels`` are ``(batch, target)``."""
        labels = filled([example.target for example in examples], IGNORED)
        return padded([example.tokens for example in examples], padding) | {"labels": labels}

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the loss over the targets' tokens."""
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        shifted = getattr(model, "module", model).prepare_decoder_input_ids_from_labels(labels)
        output = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            decoder_input_ids=shifted,
        )
        logits = output.logits.float().flatten(0, 1)
        loss = cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return loss, (labels != IGNORED).sum()

    def shape(self, examples: Sequence[PairExample]) -> dict[str, int]:
        """Return the longest source and the longest target."""
        sources, targets = (max(map(len, part)) for part in zip(*((e.tokens, e.target) for e in examples), strict=True))
        return {"seq_len": sources, "target_len": targets}

    def answers(self, asking: Asking) -> list[Any]:
        """Return what the model writes for each source, the likeliest token each time.

        Of sources that are longer than the model can read the end is not read.
        """
        found: list[Any] = [None] * len(asking.rows)
        read = self.examples(asking.tokenizer, asking.rows, asking.limit)
        examples = [replace(example, tokens=shortened(example.tokens, asking.limit)) for _, example in read]
        longest = min(self.options.max_new_tokens, asking.limit - 1)  # behind the token that it starts from
        for places, batch in in_batches(self, examples, asking):
            output = asking.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=longest,
                do_sample=False,
                num_beams=1,
            )
            texts = asking.tokenizer.batch_decode(output, skip_special_tokens=True)
            for place, text in zip(places, texts, strict=True):
                found[place] = text.strip()
        return found

    def measured(
        self, rows: Sequence[PairRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return how near the texts come to the targets, and keep them."""
        targets = [row.target for row in rows]
        write_texts(context.own_output, [row.source for row in rows], targets, answers, base)
        return text_compared(answers, targets, base, context.seed)


def _pair(values: dict[str, Any]) -> tuple[str, str]:
    if "messages" in values:  # an instruction with a system message, or a prompt of messages
        *turns, answer = values["messages"]
        return "\n\n".join(turn["content"] for turn in turns), answer["content"]
    return values["question"], values["answer"]
