"""Model cards describe what transformers builds, weight for weight."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.model import ModelCard

CARDS = load(ModelCard)
BARE_SIZE = re.compile(r"\d+(\.\d+)?(x\d+)?b(-a\d+b)?")

parametrized = pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)


def test_there_are_enough_models_of_every_kind() -> None:
    assert len(CARDS) >= 42
    assert {card.architecture for card in CARDS.values()} == {
        "decoder",
        "encoder",
        "encoder_decoder",
        "vision",
        "speech",
    }
    wanted = {"llama", "qwen", "mistral", "gemma", "phi", "glm", "deepseek", "bert", "t5", "vit", "resnet", "whisper"}
    assert wanted <= {card.family for card in CARDS.values()}


@parametrized
def test_the_config_builds_exactly_the_published_weights(card: ModelCard) -> None:
    weights = _weights(card.config)
    assert sum(weights.values()) == card.parameters
    assert any(name.endswith("bias") for name in weights) == card.has_bias


@parametrized
def test_the_count_agrees_with_one_from_outside(card: ModelCard) -> None:
    number, unit = re.fullmatch(r"([\d.]+)([MB]?)", card.published).groups()  # type: ignore[union-attr]
    if not unit:
        assert int(number) == card.parameters
        return
    scale = {"M": 10**6, "B": 10**9}[unit]
    assert abs(card.parameters - float(number) * scale) < _last_digit(number) * scale


@parametrized
def test_a_bare_size_says_why_it_means_this_model(card: ModelCard) -> None:
    assert any(BARE_SIZE.fullmatch(alias) for alias in card.aliases) == (card.alias_choice is not None)


def test_the_common_sizes_each_mean_one_model() -> None:
    sizes = [alias for card in CARDS.values() for alias in card.aliases if BARE_SIZE.fullmatch(alias)]
    assert {"0.5b", "1b", "1.5b", "3b", "7b", "8b", "13b", "14b", "32b", "70b", "72b"} <= set(sizes)
    assert len(sizes) == len(set(sizes))


@parametrized
def test_text_models_name_their_languages(card: ModelCard) -> None:
    assert bool(card.languages) == (card.architecture != "vision")


def _weights(config: Mapping[str, Any]) -> dict[str, int]:
    """Count the weights of the class that the checkpoint holds, without allocating them."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    (name,) = config["architectures"]
    with torch.device("meta"):
        model = getattr(transformers, name)(transformers.AutoConfig.for_model(**config))
    model.tie_weights()
    return {name: weight.numel() for name, weight in model.named_parameters()}


def _last_digit(number: str) -> float:
    """Return the value of the last digit that carries information: 0.01 for 7.61, 10 for 340."""
    if "." in number:
        return float(10.0 ** -len(number.partition(".")[2]))
    return float(10 ** (len(number) - len(number.rstrip("0"))))
