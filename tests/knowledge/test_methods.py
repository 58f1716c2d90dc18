"""Method cards: complete, sourced, and in agreement with the code that runs the methods."""

import re

import pytest
from ftadvisor.executors.method import method_ids, method_module
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.method import Figure, MethodCard, StartingValue
from ftadvisor.knowledge.sources import Evidence
from pydantic import ValidationError

CARDS = list(load(MethodCard).values())
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_eleven_methods_are_there() -> None:
    assert set(load(MethodCard)) == {
        "full", "lora", "qlora", "adapter", "prompt_tuning", "prefix_tuning", "p_tuning", "p_tuning_v2", "bitfit",
        "ia3", "adalora",
    }  # fmt: skip


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_source_exists(card: MethodCard) -> None:
    named = {*card.evidence, *card.trainable_percent.evidence}
    named |= {source for setting in card.settings.values() for source in setting.evidence}
    assert named <= set(load(Evidence))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_has_the_settings_of_any_training(card: MethodCard) -> None:
    assert {"learning_rate", "epochs", "warmup", "weight_decay"} <= set(card.settings)


@pytest.mark.parametrize("method", method_ids())
def test_the_code_starts_within_the_cards_ranges(method: str) -> None:
    settings = load(MethodCard)[method].settings
    module = method_module(method)
    rate = settings["learning_rate"]
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low <= module.LEARNING_RATE <= rate.high
    for name, value in module.Options().model_dump().items():
        setting = settings.get(name)
        if setting and setting.low is not None and setting.high is not None:
            assert setting.low <= value <= setting.high, name


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_chinese_is_chinese_and_english_is_not(card: MethodCard) -> None:
    texts = [
        card.summary,
        card.trains,
        card.inference,
        card.memory_note,
        *card.best_for,
        *card.avoid_when,
        card.article,
    ]
    assert all(CHINESE.search(text.zh) and not CHINESE.search(text.en) for text in texts)


def test_only_proper_names_are_the_same_in_both_languages() -> None:
    same = {card.id for card in CARDS if card.title.zh == card.title.en}
    assert same == {"lora", "qlora", "adalora", "bitfit", "ia3", "p_tuning", "p_tuning_v2"}
    assert all(CHINESE.search(card.title.zh) for card in CARDS if card.id not in same)


def test_ranges_are_ordered() -> None:
    with pytest.raises(ValidationError):
        Figure(low=2, high=1, evidence=("article",))
    text = {"zh": "甲", "en": "a"}
    with pytest.raises(ValidationError):
        StartingValue.model_validate({"value": 3, "low": 1, "high": 2, "because": text, "evidence": ["article"]})
