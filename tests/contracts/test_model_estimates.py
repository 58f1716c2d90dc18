"""Every model of the catalogue can be estimated, or is refused with a reason that names what is in the way."""

import pytest
from ftadvisor.executors.estimate.estimate import estimate
from ftadvisor.executors.estimate.request import EstimateRequest
from ftadvisor.executors.estimate.unsupported import UnsupportedError
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.model import ModelCard

CARDS = load(ModelCard)
NO_LINEAR = {"resnet-50": "are no linear ones"}
NEEDS_TARGETS = {"mixtral-8x7b": "name targets", "qwen3-30b-a3b": "name targets"}
NEEDS_LABELS = {"all-minilm-l6-v2": "number of classes"}
NO_TEXT = {"vision", "encoder"}


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
@pytest.mark.parametrize("method", ["full", "lora"])
def test_every_model_is_answered_or_refused_by_name(card: ModelCard, method: str) -> None:
    refusals = NEEDS_LABELS | (NEEDS_TARGETS | NO_LINEAR if method == "lora" else {})
    request = EstimateRequest(config=card.config, model=card.id, method=method, seq_len=256)
    if card.id in refusals:
        with pytest.raises(UnsupportedError, match=refusals[card.id]):
            estimate(request)
        return
    answer = estimate(request)
    assert answer.peak.allocated_bytes > 0
    assert 0 < answer.trainable_parameters <= answer.parameters == card.parameters


def test_what_is_refused_is_answered_once_the_missing_setting_is_given() -> None:
    for name in NEEDS_TARGETS:
        request = EstimateRequest(config=CARDS[name].config, method="lora", targets=("q_proj", "v_proj"))
        assert estimate(request).trainable_parameters > 0
    for name in NEEDS_LABELS:
        assert estimate(EstimateRequest(config=CARDS[name].config, method="lora", labels=3)).trainable_parameters > 0


@pytest.mark.parametrize("card", [card for card in CARDS.values() if card.architecture in NO_TEXT], ids=lambda c: c.id)
def test_models_that_write_no_text_have_no_cache(card: ModelCard) -> None:
    with pytest.raises(UnsupportedError, match="unsupported"):
        estimate(EstimateRequest(config=card.config, method="inference"))
