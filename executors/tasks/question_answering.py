"""Finding answers: a head tells where in a passage the answer to a question begins and ends.

Source: Devlin et al. 2019, arXiv 1810.04805, sections 4.2 and 4.3 (span, and none at the first token); windows with an
overlap as in the reference script of SQuAD for BERT.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ..asking import in_batches
from ..batches import filled, padded
from ..compact import compact
from ..prompt import Prompt
from ..ratios import compared
from ..row_files import laid_out
from ..spans import best_span, span_ratios
from ..step import Result, StepContext
from ..task import Asking, Batch, Known, TaskBase, TaskOptions
from ..written import write_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

LEAST_ROOM = 8
"""Tokens of a passage that a window has to have room for."""

BETWEEN = "\n"
"""Stands between question and passage for models whose tokenizer puts nothing there."""


@dataclass(frozen=True)
class SpanRow:
    """Hold a question, its passage, and the answers with the character each begins at; none where there is no answer.

    Attributes:
        line: Where the row begins in its file, from 1.
    """

    line: int
    question: str
    context: str
    answers: tuple[tuple[str, int], ...]

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return f"{self.question}\n{self.context}"


@dataclass(frozen=True, slots=True)
class SpanExample:
    """Hold one window of a passage with the question.

    Attributes:
        types: 0 for the question's and 1 for the passage's tokens.
        span: First and last token of the answer; both 0 where the window does not hold it.
        offsets: Where in the passage each of its tokens begins and ends, in characters, ``(seq, 2)``; -1 for others.
    """

    tokens: Sequence[int]
    types: Sequence[int]
    span: tuple[int, int]
    offsets: "NDArray[np.int32]"

    def __len__(self) -> int:
        return len(self.tokens)


class Windows(TaskOptions):
    """Say how long passages are divided, and how long an answer may be."""

    overlap: int = Field(128, ge=0, description="tokens that neighbouring windows of a long passage share")
    longest_answer: int = Field(30, ge=1, description="most tokens of an answer that the model gives")


class Task(TaskBase):
    """Learn where answers stand."""

    Options: ClassVar[type[TaskOptions]] = Windows
    AUTO: ClassVar[str] = "AutoModelForQuestionAnswering"
    PLACES: ClassVar[bool] = True
    options: Windows

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[SpanRow]:
        """Return rows with question, context and answers, as in SQuAD or with one ``answer``."""
        return [
            SpanRow(line, values["question"], values["context"], _answers(values))
            for line, values in laid_out(path, "extractive")
        ]

    @staticmethod
    def study(rows: Sequence[SpanRow], path: Path) -> Known:
        """Return whether there are questions without an answer: only then may the model give none."""
        return {"unanswerable": any(not row.answers for row in rows), "rows": len(rows)}

    def config(self) -> dict[str, Any]:
        """Return that a token may begin an answer or end it."""
        return {"num_labels": 2}

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[SpanRow], limit: int
    ) -> list[tuple[int, SpanExample]]:
        """Return windows of the passages that overlap, each with the question before it."""
        return [(row.line, window) for row in rows for window in self._windows(tokenizer, row, limit)]

    def collate(self, examples: Sequence[SpanExample], padding: int) -> Batch:
        """Return a batch; ``labels`` are ``(batch, 2)``, the first and the last token of the answer."""
        import torch

        return padded([example.tokens for example in examples], padding) | {
            "types": filled([example.types for example in examples], 0),
            "labels": torch.tensor([example.span for example in examples]),
        }

    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return the cross-entropy of where the answer begins and where it ends, padding left out."""
        import torch
        from torch.nn.functional import cross_entropy

        logits, labels = self.logits(model, batch), batch["labels"]
        loss = cross_entropy(logits.transpose(1, 2).flatten(0, 1), labels.flatten(), reduction="sum")
        return loss, torch.tensor(labels.numel())

    def logits(self, model: Any, batch: Batch) -> "Tensor":  # noqa: ANN401 - see TaskBase
        """Return how likely each token is first and last, shape ``(batch, seq, 2)``, in float32; padding never is."""
        import torch

        mask = batch["attention_mask"]
        config = getattr(model, "module", model).config  # several processes see a wrapped model
        told = {"token_type_ids": batch["types"]} if getattr(config, "type_vocab_size", 0) > 1 else {}
        output = model(input_ids=batch["input_ids"], attention_mask=mask, **told)
        logits = torch.stack([output.start_logits, output.end_logits], dim=-1).float()
        return logits.masked_fill(mask[:, :, None] == 0, torch.finfo(logits.dtype).min)

    def answers(self, asking: Asking) -> list[Any]:
        """Return the likeliest answer of all windows of each passage; an empty text for none.

        A question that leaves no room for a passage has none, either.
        """
        best: list[tuple[float, str]] = [(float("-inf"), "")] * len(asking.rows)
        owners, windows = [], []
        for place, row in enumerate(asking.rows):
            readable = [one for one in self._windows(asking.tokenizer, row, asking.limit) if len(one) <= asking.limit]
            owners += [place] * len(readable)
            windows += readable
        for places, batch in in_batches(self, windows, asking):
            for place, scores in zip(places, self.logits(asking.model, batch).cpu(), strict=True):
                owner, window = owners[place], windows[place]
                score, span = best_span(scores, window.offsets.tolist(), self.options.longest_answer)
                surplus = score - float(scores[0].sum())  # over the window's having no answer, which windows differ in
                none = self.known["unanswerable"] and surplus <= 0
                best[owner] = max(best[owner], (surplus, "" if none else asking.rows[owner].context[span[0] : span[1]]))
        return [text for _, text in best]

    def measured(
        self, rows: Sequence[SpanRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return how many answers are exactly right, and how many words they share with the right one; keep them."""
        right = [[text for text, _ in row.answers] for row in rows]
        shown = [" | ".join(texts) for texts in right]
        write_texts(context.own_output, [row.question for row in rows], shown, answers, None)
        return compared(span_ratios(answers, right), None, context.seed)

    def _windows(self, tokenizer: "PreTrainedTokenizerBase", row: SpanRow, limit: int) -> list[SpanExample]:
        import numpy as np

        marks = tokenizer.num_special_tokens_to_add(pair=True)
        question = row.question if marks else row.question + BETWEEN
        room = limit - marks - len(tokenizer(question, add_special_tokens=False)["input_ids"])
        cut: dict[str, Any] = {}
        if room > LEAST_ROOM:  # otherwise the whole is too long, which is told
            cut = {"truncation": "only_second", "max_length": limit, "return_overflowing_tokens": True}
            cut["stride"] = min(self.options.overlap, room // 2)
        found = tokenizer([question], [row.context], return_offsets_mapping=True, **cut)
        windows = []
        for number, tokens in enumerate(found["input_ids"]):
            types = [1 if part == 1 else 0 for part in found.sequence_ids(number)]
            spans = zip(types, found["offset_mapping"][number], strict=True)
            offsets = [tuple(span) if kind else (-1, -1) for kind, span in spans]
            places = np.array(offsets, dtype=np.int32)
            windows.append(SpanExample(compact(tokens), array("b", types), _span(row, offsets), places))
        return windows


def _answers(values: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(values["answers"]["text"], values["answers"]["answer_start"], strict=True))


def _span(row: SpanRow, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return the first and last token of the first answer; both 0 where it is not wholly in the window."""
    if not row.answers:
        return 0, 0
    text, start = row.answers[0]
    inside = [place for place, (a, b) in enumerate(offsets) if a < start + len(text) and b > start]
    if not inside or offsets[inside[0]][0] > start or offsets[inside[-1]][1] < start + len(text):
        return 0, 0
    return inside[0], inside[-1]
