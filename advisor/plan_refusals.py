"""Refuse a plan whose model cannot do what its steps ask of it, from the model's config alone."""

from ..executors.estimate.architectures.find import architecture_of
from ..executors.estimate.unsupported import UnsupportedError
from ..executors.methods.bitfit import no_biases
from ..executors.refusals import refuse_family
from ..executors.task import task_class
from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .base_model import Base

BY_BIASES = "bitfit"


def refuse_untrainable(task: str, method: str, base: Base) -> None:
    """Check that a model can be trained for a task by a method; what is not known of it passes.

    Args:
        task: What it is to learn.
        method: The fine-tuning method.
        base: The model.

    Raises:
        UserError: It cannot; names what can.
    """
    if base.config is None or not base.family:
        return
    kind = str(base.config.get("model_type"))
    refuse_family(task_class(task).AUTO, base.family, kind)
    if not has_what_is_trained(method, base):
        raise no_biases(kind)


def refuse_unasked(base: Base) -> None:
    """Check that a model can be asked as it is; what is not known of it passes.

    Args:
        base: The model.

    Raises:
        UserError: It does not write from left to right.
    """
    if base.config is not None and base.family in ("encoder", "encoder_decoder"):
        kind = str(base.config.get("model_type"))
        raise UserError(say("refusals.no_decoder", kind=kind, model=base.source), say("refusals.no_decoder_hint"))


def has_what_is_trained(method: str, base: Base) -> bool:
    """Tell whether a model has the parameters that a method trains; so far as is known, all have but for BitFit."""
    if method != BY_BIASES or base.config is None:
        return True
    try:
        return any(weight.is_bias for _, weight in architecture_of(base.config).weights())
    except UnsupportedError:  # a model that the estimator does not know
        return True
