"""Widen what a quantised model keeps in 16 bits, for methods whose layers would mix float32 with it."""

# ruff: noqa: ANN401 - models with and without adapters

from typing import Any


def widen_rest(model: Any) -> Any:
    """Return a model with all that is not quantised in float32, frozen; one that is not quantised as it is.

    Beside 4- and 8-bit layers IA3 and AdaLoRA give float32, and their neighbours 16 bits; attention and heads refuse
    such pairs wherever autocast does not bring them together, as in answering.

    Source: peft 0.21.2, tuners/ia3/bnb.py and tuners/adalora/bnb.py, ``forward``.
    """
    from peft import prepare_model_for_kbit_training

    if not getattr(model, "is_quantized", False):
        return model
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
