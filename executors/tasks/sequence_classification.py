"""Classifying: a head on top of the model tells the class of a text, or all of the classes that apply."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..asking import in_batches
from ..batches import IGNORED, padded, shortened
from ..classified import measured, write_predictions
from ..compact import compact
from ..first_head import begin_as_probe
from ..imbalance import ClassLossOptions, ClassLossTask
from ..labelled import LabelledRow, check_classes, class_counts, read_labelled
from ..linear import decided
from ..pooling import POOLING
from ..prompt import Prompt
from ..step import Result, StepContext
from ..task import Asking, Batch, Known, Learning, Loader, TaskOptions

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class ClassExample:
    """Hold a text's tokens, and for each class whether it applies; texts of the same classes share these."""

    tokens: Sequence[int]
    classes: Sequence[bool]

    def __len__(self) -> int:
        return len(self.tokens)


class ClassOptions(ClassLossOptions):
    """Choose the loss, and what of the model the head stands on."""

    pooling: Literal["auto", "class_head"] = Field(
        "auto", description="auto: the vector that a sentence encoder was trained to give; class_head: its class's head"
    )
    start: Literal["auto", "random"] = Field(
        "auto", description="auto: a sentence encoder's head begins as a linear probe, any other at random; or random"
    )


class Task(ClassLossTask):
    """Learn the classes of texts."""

    Options: ClassVar[type[TaskOptions]] = ClassOptions
    options: ClassOptions
    AUTO: ClassVar[str] = "AutoModelForSequenceClassification"

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[LabelledRow]:
        """Return rows with ``text`` and ``label``, or ``labels`` where several classes may apply."""
        return read_labelled(path)

    @staticmethod
    def study(rows: Sequence[LabelledRow], path: Path) -> Known:
        """Return the classes, how many rows each has, and whether several may apply."""
        check_classes(rows, path)
        counts = class_counts(rows)
        return {"classes": {**counts}, "rows": len(rows), "several": rows[0].several}

    def unlearnt(self, rows: Sequence[LabelledRow]) -> set[str]:
        """Return classes that were not learnt."""
        return {label for row in rows for label in row.labels} - {*self.classes}

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(self.known["classes"])  # type: ignore[arg-type]

    @property
    def several(self) -> bool:
        """Whether a text may have any number of classes."""
        return bool(self.known["several"])

    def config(self) -> dict[str, Any]:
        """Return the classes in the layout of a model's config."""
        names = dict(enumerate(self.classes))
        kind = "multi_label_classification" if self.several else "single_label_classification"
        return {"id2label": names, "label2id": {name: place for place, name in names.items()}, "problem_type": kind}

    def loader(self, tokenizer: "PreTrainedTokenizerBase") -> Loader:
        """Return how the model is loaded."""
        return replace(super().loader(tokenizer), pools=self.options.pooling == "auto")

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[LabelledRow], limit: int
    ) -> list[tuple[int, ClassExample]]:
        """Return each text with the special tokens that the model knows; classes that were not learnt are left out."""
        applying = {labels: [name in labels for name in self.classes] for labels in {row.labels for row in rows}}
        return [
            (row.line, ClassExample(compact(tokenizer(row.text)["input_ids"]), applying[row.labels])) for row in rows
        ]

    def collate(self, examples: Sequence[ClassExample], padding: int) -> Batch:
        """Return a batch; ``labels`` are ``(batch,)``, or ``(batch, classes)`` where several may apply."""
        import torch

        right = torch.tensor([example.classes for example in examples])
        labels = right.float() if self.several else _only(right)
        return padded([example.tokens for example in examples], padding) | {"labels": labels}

    def scored(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return what the head says of each class, and which are right."""
        return self.logits(model, batch), batch["labels"]

    def counts(self) -> tuple[list[int], int]:
        """Return how many rows each class has, and how many rows there are."""
        counts: dict[str, int] = self.known["classes"]  # type: ignore[assignment]
        rows: int = self.known["rows"]  # type: ignore[assignment]
        return [*counts.values()], rows

    def logits(self, model: Any, batch: Batch) -> "Tensor":  # noqa: ANN401 - see TaskBase
        """Return what the head says of each class, shape ``(batch, classes)``, in float32."""
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        logits: Tensor = output.logits.float()
        return logits

    def begin(self, learning: Learning, examples: Sequence[ClassExample]) -> bool:
        """Begin the head on a sentence encoder's vector as a linear probe."""
        if self.options.start == "random" or not getattr(learning.model.config, POOLING, None):
            return False
        begin_as_probe(self, learning, examples, self.several)
        return True

    def answers(self, asking: Asking) -> list[Any]:
        """Return how likely each class is, for each row; of longer rows the end is not read."""
        import torch

        found: list[Any] = [None] * len(asking.rows)
        read = self.examples(asking.tokenizer, asking.rows, asking.limit)
        examples = [replace(example, tokens=shortened(example.tokens, asking.limit)) for _, example in read]
        for places, batch in in_batches(self, examples, asking):
            logits = self.logits(asking.model, batch)
            likely = torch.sigmoid(logits) if self.several else torch.softmax(logits, dim=1)
            for place, row in zip(places, likely.tolist(), strict=True):
                found[place] = row
        return found

    def measured(
        self, rows: Sequence[LabelledRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return what a step ``classify`` returns, and keep what was said of each row."""
        import numpy as np

        probabilities = np.asarray(answers, dtype=np.float32)
        found = decided(probabilities, self.several)
        counts: dict[str, int] = self.known["classes"]  # type: ignore[assignment]
        learnt: int = self.known["rows"]  # type: ignore[assignment]
        write_predictions(context.own_output, rows, self.classes, found, probabilities)
        return {
            "several": self.several,
            "rows": {"train": learnt, "test": len(rows)},
            **measured(counts, learnt, self.several, rows, found, probabilities, context),
        }


def _only(right: "Tensor") -> "Tensor":
    """Return each row's class, shape ``(batch,)``; one that was not learnt is not counted."""
    import torch

    return torch.where(right.any(dim=1), right.int().argmax(dim=1), IGNORED)
