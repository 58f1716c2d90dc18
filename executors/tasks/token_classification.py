"""Tagging: a head tells the tag of each word, as for names in texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..asking import in_batches
from ..batches import IGNORED, filled, padded
from ..compact import compact
from ..entities import tag_ratios, write_tags
from ..imbalance import ClassLossOptions, ClassLossTask
from ..prompt import Prompt
from ..ratios import compared
from ..row_files import laid_out
from ..split_words import joined, token_places
from ..step import Result, StepContext
from ..task import Asking, Batch, Known, TaskOptions

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class TaggedRow:
    """Hold words, the tag of each, and the line where they begin, from 1."""

    line: int
    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""
        return joined(self.words)[0]


@dataclass(frozen=True, slots=True)
class TagExample:
    """Hold tokens, each one's tag by number or -100, and the token that each word begins in, or -1 for none."""

    tokens: Sequence[int]
    tags: Sequence[int]
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.tokens)


class Task(ClassLossTask):
    """Learn the tags of words."""

    Options: ClassVar[type[TaskOptions]] = ClassLossOptions
    options: ClassLossOptions
    AUTO: ClassVar[str] = "AutoModelForTokenClassification"
    PLACES: ClassVar[bool] = True

    @staticmethod
    def read(path: Path, prompt: Prompt) -> list[TaggedRow]:
        """Return rows with ``tokens`` and ``tags``."""
        rows = laid_out(path, "tagged")
        return [TaggedRow(line, tuple(values["tokens"]), tuple(values["tags"])) for line, values in rows]

    @staticmethod
    def study(rows: Sequence[TaggedRow], path: Path) -> Known:
        """Return the tags and how many words have each."""
        counts = Counter(tag for row in rows for tag in row.tags)
        if len(counts) < 2:
            raise UserError(say("classify.one_class", path=path, classes=", ".join(counts)), say("training.tags_hint"))
        return {"tags": dict(sorted(counts.items())), "rows": len(rows)}

    def unlearnt(self, rows: Sequence[TaggedRow]) -> set[str]:
        """Return tags that were not learnt."""
        return {tag for row in rows for tag in row.tags} - {*self.tags}

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags."""
        return tuple(self.known["tags"])  # type: ignore[arg-type]

    def config(self) -> dict[str, Any]:
        """Return the tags in the layout of a model's config."""
        names = dict(enumerate(self.tags))
        return {"id2label": names, "label2id": {name: place for place, name in names.items()}}

    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[TaggedRow], limit: int
    ) -> list[tuple[int, TagExample]]:
        """Return rows whose words have their tag on the token they begin in; tags that were not learnt do not count."""
        return [(row.line, self._example(tokenizer, row)) for row in rows]

    def collate(self, examples: Sequence[TagExample], padding: int) -> Batch:
        """Return a batch; ``labels`` are ``(batch, seq)``."""
        labels = filled([example.tags for example in examples], IGNORED)
        return padded([example.tokens for example in examples], padding) | {"labels": labels}

    def scored(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - see TaskBase
        """Return what the head says of each token, and the tags of those that words begin in."""
        return self.logits(model, batch).flatten(0, 1), batch["labels"].flatten()

    def counts(self) -> tuple[list[int], int]:
        """Return how many words have each tag, and how many words there are."""
        counts: dict[str, int] = self.known["tags"]  # type: ignore[assignment]
        return [*counts.values()], sum(counts.values())

    def logits(self, model: Any, batch: Batch) -> "Tensor":  # noqa: ANN401 - see TaskBase
        """Return what the head says of each token, shape ``(batch, seq, tags)``, in float32."""
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        logits: Tensor = output.logits.float()
        return logits

    def answers(self, asking: Asking) -> list[Any]:
        """Return each row's tags; a word that the model did not get to read has the most frequent one."""
        counts: dict[str, int] = self.known["tags"]  # type: ignore[assignment]
        usual = max(counts, key=lambda tag: counts[tag])
        found: list[Any] = [[usual] * len(row.words) for row in asking.rows]
        examples = [self._example(asking.tokenizer, row, asking.limit) for row in asking.rows]
        for places, batch in in_batches(self, examples, asking):
            likeliest = self.logits(asking.model, batch).argmax(dim=-1).tolist()
            for place, tags in zip(places, likeliest, strict=True):
                for word, token in enumerate(examples[place].places):
                    if token >= 0:
                        found[place][word] = self.tags[tags[token]]
        return found

    def measured(
        self, rows: Sequence[TaggedRow], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return how many names were found whole and right, and how many words have the right tag; keep the tags."""
        right = [row.tags for row in rows]
        write_tags(context.own_output, [row.words for row in rows], right, answers)
        return compared(tag_ratios(right, answers), None, context.seed)

    def _example(self, tokenizer: "PreTrainedTokenizerBase", row: TaggedRow, limit: int | None = None) -> TagExample:
        tokens, places = token_places(tokenizer, row.words, limit)
        number = {tag: place for place, tag in enumerate(self.tags)}
        tags = [IGNORED] * len(tokens)
        for tag, place in zip(reversed(row.tags), reversed(places), strict=True):  # a token has its first word's tag
            if place >= 0:
                tags[place] = number.get(tag, IGNORED)
        return TagExample(compact(tokens), compact(tags), compact(places))
