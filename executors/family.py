"""Tell what a model can be made of: a reader of whole texts, a writer, or both."""

from typing import Any, Literal

Family = Literal["encoder", "decoder", "encoder_decoder"]


def family_of(config: Any) -> Family:  # noqa: ANN401 - transformers' own configs
    """Return whether a model reads a whole text at once, writes from left to right, or does one after the other."""
    from transformers import AutoModelForMaskedLM

    if config.is_encoder_decoder:
        return "encoder_decoder"
    masked = type(config) in AutoModelForMaskedLM._model_mapping
    return "encoder" if masked and not getattr(config, "is_decoder", False) else "decoder"
