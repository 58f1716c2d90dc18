"""Find a fine-tuning method: each is a file ``executors/methods/<id>.py``, and its presence is its registration."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from pydantic import BaseModel, ConfigDict

from ..knowledge.messages import say
from . import methods

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Quantisation = Literal["none", "int8", "nf4"]

INSTEAD = {"adapter": "lora", "adalora": "lora"}
"""Methods that are known but cannot run yet, and what to run instead."""


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


@cache
def method_ids() -> tuple[str, ...]:
    """Return all methods that can run, from the files in ``executors/methods``."""
    return tuple(sorted(module.name for module in iter_modules(methods.__path__) if not module.name.startswith("_")))


def method_module(method: str) -> MethodModule:
    """Import one method.

    Raises:
        ValueError: There is no such method, or it cannot run yet; says what to use instead.
    """
    if method in INSTEAD:
        raise ValueError(say("training.method_not_yet", method=method, instead=INSTEAD[method]))
    if method not in method_ids():
        raise ValueError(say("training.method_unknown", method=method, methods=", ".join(method_ids())))
    return cast(MethodModule, import_module(f"{methods.__name__}.{method}"))
