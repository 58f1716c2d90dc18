"""The class of base model that a label goes with."""

from collections.abc import Mapping
from typing import Any

#: The largest model, in billions of parameters, that still counts as about 8 billion.
ABOUT_8 = 9
#: GB with which QLoRA fits a model of up to 34 billion parameters (evidence weyssow-code-peft).
ENOUGH_FOR_34 = 24

_OF_CLASSIFIERS = {
    "setfit": "sentence_encoder",
    "embeddings_linear": "sentence_encoder",
    "encoder": "encoder",
    "tfidf": "none",
}
_OF_FAMILIES = {"speech": "asr", "vision": "cnn", "document_vision": "vision_llm"}


def base_of(label: str, facts: Mapping[str, Any]) -> str:
    """Return the class of base model: ``encoder``, ``llm<=8b``, ``llm_api``, ``asr`` ..."""
    path, _, variant = label.partition(":")
    if facts["family"] in _OF_FAMILIES:
        return _OF_FAMILIES[facts["family"]]
    if facts["base_architecture"] == "encoder" and path != "rag":
        return "encoder"
    if path == "classifier":
        return _OF_CLASSIFIERS[variant]
    if path in ("prompting", "rag") or variant == "api":
        return _served(facts)
    return _trained(facts)


def _served(facts: Mapping[str, Any]) -> str:
    if facts["base_size_b"] is not None:
        return _size_class(facts["base_size_b"])
    return "llm_api" if facts["privacy"] != "onprem_required" else "llm<=34b"


def _trained(facts: Mapping[str, Any]) -> str:
    size = facts["base_size_b"]
    if size is None:
        return "llm<=8b"
    if facts["qlora_fits"] is False:
        return "llm<=34b" if facts["gpu_gb"] >= ENOUGH_FOR_34 else "llm<=8b"
    return _size_class(size)


def _size_class(size_b: float) -> str:
    return "llm<=8b" if size_b <= ABOUT_8 else "llm>=10b"
