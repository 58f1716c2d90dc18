"""Shapes read from the catalogue's configs have exactly as many weights as the published models."""

from contextlib import suppress

import pytest
from ftadvisor.executors.estimate.architectures.find import architecture_of
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.model import ModelCard

CARDS = load(ModelCard)


@pytest.mark.parametrize(
    "card", [card for card in CARDS.values() if card.architecture == "decoder"], ids=lambda card: card.id
)
def test_every_decoder_is_known_to_the_last_weight(card: ModelCard) -> None:
    assert architecture_of(card.config).parameters == card.parameters


@pytest.mark.parametrize(
    "card", [card for card in CARDS.values() if card.architecture != "decoder"], ids=lambda card: card.id
)
def test_other_models_are_exact_or_refused(card: ModelCard) -> None:
    with suppress(UnsupportedError):
        assert architecture_of(card.config).parameters == card.parameters
