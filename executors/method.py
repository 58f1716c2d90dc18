"""Find a fine-tuning method: each is a file ``executors/methods/<id>.py``, and its presence is its registration."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ..knowledge.messages import say
from . import methods

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Quantisation = Literal["none", "int8", "nf4"]


def _named(values: Any) -> Any:  # noqa: ANN401 - whatever a file or a command holds
    """Return no names for the field's word for all linear layers of the blocks, which is what no names stand for."""
    return () if values in ("all-linear", ["all-linear"], ("all-linear",)) else values


Targets = Annotated[tuple[str, ...], BeforeValidator(_named)]
"""Names of linear layers; empty, or ``all-linear``, for every one of the blocks."""


class MethodOptions(BaseModel):
    """Base of all methods' options: frozen, strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodModule(Protocol):
    """What a file in ``executors/methods`` offers, in this order.

    Attributes:
        LEARNING_RATE: A good peak learning rate where the plan names none.
        BASES: How the base model's weights may be stored; the first is taken where the plan says ``none`` in vain.
        CHECKPOINTING: Whether activations may be recomputed in the backward pass.
        Options: The method's own options with defaults.
        attach: Makes exactly the method's parameters trainable and returns the model to train.
    """

    LEARNING_RATE: float
    BASES: tuple[Quantisation, ...]
    CHECKPOINTING: bool
    Options: type[MethodOptions]

    def attach(self, model: "PreTrainedModel", options: Any, /) -> Any:  # noqa: ANN401 - each method its own options
        """Return the model with the method's parameters trainable and all others frozen."""


class Schedule(Protocol):
    """What a method does besides gradient steps; a class ``Schedule`` in its file, if it has one.

    It is made with the model to train, the method's options and the number of optimizer steps.
    """

    def penalty(self) -> "Tensor":
        """Return what is added to each update's loss, a number with a gradient."""

    def after_update(self, update: int) -> None:
        """Change the model after an optimizer step, while its gradients are still there; ``update`` counts from 1."""

    def state(self) -> "dict[str, Tensor]":
        """Return what a resumed training needs to go on as the undisturbed one."""

    def load(self, state: "dict[str, Tensor]") -> None:
        """Put back what ``state`` returned."""


@cache
def method_ids() -> tuple[str, ...]:
    """Return all methods that can run, from the files in ``executors/methods``."""
    return tuple(sorted(module.name for module in iter_modules(methods.__path__) if not module.name.startswith("_")))


def method_module(method: str) -> MethodModule:
    """Import one method.

    Raises:
        ValueError: There is no such method; says which there are.
    """
    if method not in method_ids():
        raise ValueError(say("training.method_unknown", method=method, methods=", ".join(method_ids())))
    return cast(MethodModule, import_module(f"{methods.__name__}.{method}"))


def keeps_float32(method: MethodModule) -> bool:
    """Tell whether a method keeps the model's weights in float32 where nobody names a precision, as it trains them.

    Its file says so with ``FLOAT32 = True``; most methods leave the weights as they are.
    """
    return bool(getattr(method, "FLOAT32", False))


def widens_rest(method: MethodModule) -> bool:
    """Tell whether a method has all of a quantised model in float32 that is not quantised.

    Its file says so with ``WIDENS = True``, and does it when it is attached; whoever loads its result has to.
    """
    return bool(getattr(method, "WIDENS", False))


def is_trained_widened(method: str) -> bool:
    """Tell whether a method trains with all of a quantised model in float32 that is not quantised.

    QLoRA does, and answers without: its layers give what they are given.
    """
    return method == "qlora" or widens_rest(method_module(method))


def schedule_of(method: MethodModule, model: Any, options: MethodOptions, updates: int) -> Schedule | None:  # noqa: ANN401
    """Return what the method does besides gradient steps, or None for the many that do nothing else.

    Args:
        method: What ``method_module`` returned.
        model: What the method's ``attach`` returned.
        options: The method's options.
        updates: Optimizer steps of the whole training, at least 1.
    """
    kind = getattr(method, "Schedule", None)
    return kind(model, options, updates) if kind else None
