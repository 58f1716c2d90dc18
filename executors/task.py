"""Find a task: each is a file ``executors/tasks/<id>.py`` with a class ``Task``; its presence is its registration."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from pydantic import BaseModel, ConfigDict, JsonValue

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from ..knowledge.progress import Progress
from . import tasks
from .prompt import Prompt
from .step import Result, StepContext
from .train_options import TrainOptions

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

LANGUAGE_MODEL = "AutoModelForCausalLM"
Batch = dict[str, Any]
Known = dict[str, JsonValue]
"""What rows to learn from tell once and for all, such as the names of classes; it is kept with the result."""


class TaskOptions(BaseModel):
    """Base of all tasks' options: frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadRow(Protocol):
    """What rows of every task have."""

    @property
    def line(self) -> int:
        """Where the row begins in its file, from 1."""

    @property
    def asked(self) -> str:
        """What no row to measure on may share with a row to learn from."""


class Example(Protocol):
    """What a row becomes for the model; a frozen dataclass with slots, of numbers and ``compact`` rows of them."""

    @property
    def tokens(self) -> Sequence[int]:
        """All tokens that the model reads."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Loader:
    """Say which of a model's classes is loaded.

    Attributes:
        auto: Name of transformers' Auto class.
        config: What the model's config has to say for it, such as its classes.
        padding: The token to pad with, for models whose config has none.
        pools: Whether the head of a sentence encoder stands on its pooled vector.
    """

    auto: str = LANGUAGE_MODEL
    config: Mapping[str, Any] | None = None
    padding: int | None = None
    pools: bool = False


@dataclass(frozen=True)
class Asking:
    """Say whom to ask about which rows.

    Attributes:
        model: With or without an adapter.
        tokenizer: The model's own.
        rows: The task's rows.
        limit: Most tokens that the model can read.
        batch_size: Rows at a time.
        progress: Receives how many rows are done.
    """

    model: Any
    tokenizer: "PreTrainedTokenizerBase"
    rows: Sequence[Any]
    limit: int
    batch_size: int
    progress: Progress


@dataclass(frozen=True)
class Learning:
    """Say what is about to be trained, and how.

    Attributes:
        model: As it was loaded, before a method changes it.
        padding: The token to pad with.
        options: Settings shared by all methods.
        seed: Decides all chance.
        progress: Receives what is done.
    """

    model: Any
    padding: int
    options: TrainOptions
    seed: int
    progress: Progress


class TaskBase(ABC):
    """Read, encode, learn and measure the rows of one task; each task's file has the parts in this order.

    Args:
        options: The task's own options.
        known: What ``study`` found in the rows to learn from.

    Attributes:
        Options: The task's own options with defaults.
        AUTO: Name of transformers' Auto class.
        COMPARABLE: Whether the model can do the task before it is trained, so that it is a baseline.
        PLACES: Whether the tokenizer has to tell where in a text its tokens stand.
    """

    Options: ClassVar[type[TaskOptions]] = TaskOptions
    AUTO: ClassVar[str] = LANGUAGE_MODEL
    COMPARABLE: ClassVar[bool] = False
    PLACES: ClassVar[bool] = False

    def __init__(self, options: TaskOptions, known: Known) -> None:
        self.options = options
        self.known = known

    @staticmethod
    @abstractmethod
    def read(path: Path, prompt: Prompt) -> Sequence[Any]:
        """Return the rows of a file.

        Raises:
            UserError: The file is missing or empty, or rows are wrong; lists each with its line.
        """

    @staticmethod
    def study(rows: Sequence[Any], path: Path) -> Known:
        """Return what the rows to learn from tell.

        Raises:
            UserError: Nothing can be learnt from them.
        """
        return {}

    def unlearnt(self, rows: Sequence[Any]) -> set[str]:
        """Return what rows have that the rows to learn from had not, such as classes: the model has no place for it."""
        return set()

    def config(self) -> dict[str, Any]:
        """Return what the model's config has to say."""
        return {}

    @abstractmethod
    def examples(
        self, tokenizer: "PreTrainedTokenizerBase", rows: Sequence[Any], limit: int
    ) -> Sequence[tuple[int, Example]]:
        """Return what rows become for the model, each with its row's line; longer ones than ``limit`` tokens, too."""

    @abstractmethod
    def collate(self, examples: Sequence[Any], padding: int) -> Batch:
        """Return one batch, padded on the right; ``labels`` are counted in the loss where they are not -100."""

    def collate_anew(self, examples: Sequence[Any], padding: int, epoch: int) -> Batch:
        """Return a batch of a pass over the rows to learn, counted from 0; where chance makes it, each has another."""
        return self.collate(examples, padding)

    @abstractmethod
    def loss(self, model: Any, batch: Batch) -> "tuple[Tensor, Tensor]":  # noqa: ANN401 - with or without an adapter
        """Return the summed loss, and the number of labels that it is summed over."""

    @property
    def divisible(self) -> bool:
        """Whether rows learn the same in batches of any size, as the loss is a sum over them."""
        return True

    @property
    def uneven(self) -> bool:
        """Whether some rows weigh far more than others in the loss."""
        return False

    def total_loss(self, model: Any, batches: Iterable[Batch]) -> tuple[float, int]:  # noqa: ANN401 - see loss
        """Return the loss summed over all batches, and the number of labels; without gradients."""
        total, count = 0.0, 0
        for batch in batches:
            loss, labels = self.loss(model, batch)
            total, count = total + loss.item(), count + int(labels)
        return total, count

    def begin(self, learning: Learning, examples: Sequence[Any]) -> bool:
        """Fit what is random in a model to the examples, if the task knows how; it is trained whatever the method.

        Returns:
            Whether it did.
        """
        return False

    def answers(self, asking: Asking) -> list[Any]:
        """Return what the model says of each row, as JSON.

        Raises:
            UserError: This task is measured by another kind of step.
        """
        raise UserError(say("training.not_measured"), say("training.not_measured_hint"))

    def measured(
        self, rows: Sequence[Any], answers: Sequence[Any], base: Sequence[Any] | None, context: StepContext
    ) -> Result:
        """Return what the report compares: metrics with intervals, and whatever else shows how good the answers are.

        Args:
            rows: The held-out rows.
            answers: What ``answers`` returned.
            base: The same of the model before training, where that is ``COMPARABLE``.
            context: Of the step that measures.
        """
        raise NotImplementedError

    def shape(self, examples: Sequence[Any]) -> dict[str, int]:
        """Return what an estimate has to know of the examples of one batch, as fields of its request."""
        return {"seq_len": max(map(len, examples))}

    def loader(self, tokenizer: "PreTrainedTokenizerBase") -> Loader:
        """Return how the model is loaded."""
        return Loader(self.AUTO, self.config(), cast("int", tokenizer.pad_token_id))


@cache
def task_ids() -> tuple[str, ...]:
    """Return all tasks that can be trained, from the files in ``executors/tasks``."""
    return tuple(sorted(found.name for found in iter_modules(tasks.__path__) if not found.name.startswith("_")))


def task_class(task: str) -> type[TaskBase]:
    """Import one task.

    Raises:
        ValueError: There is no such task; says which there are.
    """
    if task not in task_ids():
        raise ValueError(say("training.task_unknown", task=task, tasks=", ".join(task_ids())))
    return cast("type[TaskBase]", import_module(f"{tasks.__name__}.{task}").Task)
