"""The estimate of the recommended training, where one can be made honestly."""

from collections.abc import Mapping
from math import inf
from typing import Any

from ..knowledge.find import model_names, plain
from ..knowledge.load import load
from ..knowledge.model import ModelCard

#: A model this much larger or smaller than the wanted size still stands for it.
NEAR = 0.2

#: Commercial use without conditions (evidence article).
FREE_LICENCE = "Apache-2.0"

#: Billions of parameters that a class of base models allows.
LARGEST = {"llm<=8b": 9, "llm<=34b": 34}

GIB = 2**30

Found = tuple[str | None, dict[str, Any] | None]


def estimate_training(label: str, base: str, facts: Mapping[str, Any]) -> Found:
    """Return the catalogue model that stands for the base, and the estimate of training it.

    Args:
        label: What is recommended; nothing is estimated for paths that train no language model here.
        base: The class of base model that is recommended; it may be smaller than the wanted one.
        facts: The facts of the profile; without a model or its size there is no estimate.
    """
    path, _, method = label.partition(":")
    if path not in ("finetune", "rag+finetune") or method == "api":
        return None, None
    size = facts["base_size_b"]
    if size is not None and size > LARGEST.get(base, inf):
        return _largest_that_fits(method, LARGEST[base], facts)
    card = stand_in(facts)
    return (card.id, _estimate(card, method)) if card else (None, None)


def _largest_that_fits(method: str, largest_b: float, facts: Mapping[str, Any]) -> Found:
    """Return the largest open decoder that fits the GPUs, instead of the wanted one that does not."""
    cards = [card for card in load(ModelCard).values() if card.architecture == "decoder"]
    fitting = [card for card in cards if card.parameters / 1e9 <= largest_b]
    by_use = sorted(fitting, key=lambda card: (-card.parameters, card.id))
    for card in sorted(by_use, key=lambda card: _unsuited(card, facts["language"])):
        found = _estimate(card, method)
        if found and found["peak"]["high_bytes"] <= facts["gpu_gb"] * GIB:
            return card.id, found
    return None, None


def _estimate(card: ModelCard, method: str) -> dict[str, Any] | None:
    from ..executors.estimate.estimate import estimate
    from ..executors.estimate.request import EstimateRequest
    from ..executors.estimate.unsupported import UnsupportedError

    request = EstimateRequest(config=card.config, model=card.id, method=method)
    try:
        return estimate(request).model_dump(mode="json") | {"batch": request.batch, "seq_len": request.seq_len}
    except UnsupportedError:  # no honest number for this model and method, so none is given
        return None


def stand_in(facts: Mapping[str, Any]) -> ModelCard | None:
    """Return the card of the wanted model, or of the catalogue's model of about the wanted size."""
    if facts["base_model"] and (card := model_names().get(plain(facts["base_model"]))):
        return card
    size = facts["base_size_b"]
    kind = facts["base_architecture"] or "decoder"
    if size is None:
        return None
    cards = [card for card in load(ModelCard).values() if card.architecture == kind and _off(card, size) <= NEAR]
    return min(cards, key=lambda card: (_unsuited(card, facts["language"]), _off(card, size), card.id), default=None)


def _unsuited(card: ModelCard, language: str | None) -> tuple[bool, bool]:
    """Tell what speaks against a card; where the language is open it has to know Chinese and English."""
    wanted = {"zh", "en"} if language in (None, "multi") else {language}
    return not wanted <= {*card.languages}, card.licence != FREE_LICENCE


def _off(card: ModelCard, size_b: float) -> float:
    return abs(card.parameters / 1e9 / size_b - 1)
