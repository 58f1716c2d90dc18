"""The estimate of the recommended training, where one can be made honestly."""

from collections.abc import Mapping
from typing import Any

from ..knowledge.find import model_names, plain
from ..knowledge.load import load
from ..knowledge.model import ModelCard

Found = tuple[str | None, dict[str, Any] | None]


def estimate_training(label: str, facts: Mapping[str, Any]) -> Found:
    """Return the catalogue model that stands for the base, and the estimate of training it.

    Args:
        label: What is recommended; nothing is estimated for paths that train no language model here.
        facts: The facts of the profile; without a model or its size there is no estimate.
    """
    path, _, method = label.partition(":")
    card = stand_in(facts)
    if path not in ("finetune", "rag+finetune") or method == "api" or card is None:
        return None, None
    from ..executors.estimate.estimate import estimate
    from ..executors.estimate.request import EstimateRequest
    from ..executors.estimate.unsupported import UnsupportedError

    try:
        request = EstimateRequest(config=card.config, model=card.id, method=method)
        return card.id, estimate(request).model_dump(mode="json")
    except UnsupportedError:  # no honest number for this model and method, so none is given
        return card.id, None


def stand_in(facts: Mapping[str, Any]) -> ModelCard | None:
    """Return the card of the wanted model, or of the catalogue's model of about the wanted size."""
    if facts["base_model"] and (card := model_names().get(plain(facts["base_model"]))):
        return card
    size = facts["base_size_b"]
    kind = facts["base_architecture"] or "decoder"
    cards = [card for card in load(ModelCard).values() if card.architecture == kind]
    if size is None or not cards:
        return None
    nearest = min(cards, key=lambda card: (abs(card.parameters / 1e9 - size), card.id))
    return nearest if abs(nearest.parameters / 1e9 - size) <= 0.3 * size else None
