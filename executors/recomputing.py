"""Let a model that is trained recompute its activations in the backward pass, which takes time and saves memory."""

from typing import Any


def recompute_activations(model: Any) -> None:  # noqa: ANN401 - a model with or without an adapter
    """Keep only each block's input and compute the rest again in the backward pass."""
    # transformers 5.2x renamed the method; without reentrance no input needs a gradient
    name = "activation_checkpointing_enable"
    enable = getattr(model, name if hasattr(model, name) else "gradient_checkpointing_enable")
    enable({"use_reentrant": False})
