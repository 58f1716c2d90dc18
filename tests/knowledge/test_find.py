"""Models and GPUs are found by the names people use."""

from collections import Counter

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.find import find_gpu, find_model, names_of, plain
from ftadvisor.knowledge.gpu import GpuCard
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.model import ModelCard


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("7b", "llama-2-7b"),
        ("7B", "llama-2-7b"),
        ("qwen2.5-7b", "qwen2.5-7b"),
        ("Qwen/Qwen2.5-7B", "qwen2.5-7b"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b"),
        ("meta-llama/meta-llama-3-8b", "llama-3-8b"),
        ("BERT base, Chinese", "bert-base-chinese"),
        ("mistralai/Mistral-7B-v0.1", "mistral-7b-v0.1"),
    ],
)
def test_a_model_is_found_by_id_alias_title_and_hub_id_in_any_case(name: str, card: str) -> None:
    assert find_model(name).id == card


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("rtx 4090", "rtx-4090"),
        ("RTX_4090", "rtx-4090"),
        ("4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("A100-SXM4-80GB", "a100-80gb"),
        ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
        ("Tesla T4", "t4"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
    ],
)
def test_a_gpu_is_found_by_the_names_that_people_and_drivers_use(name: str, card: str) -> None:
    assert find_gpu(name).id == card


def test_no_name_means_two_cards() -> None:
    for kind in (ModelCard, GpuCard):
        cards = load(kind).values()
        counts = Counter(name for card in cards for name in set(_all_names(card)))
        assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("name", "close"), [("qwen2.5-7", "qwen2.5-7b"), ("Lama-3.1-8b", "llama-3.1-8b")])
def test_an_unknown_model_offers_close_ones(name: str, close: str) -> None:
    with pytest.raises(UserError, match=name) as caught:
        find_model(name)
    assert close in caught.value.message
    assert "ftadvisor list models" in caught.value.hint


def test_an_unknown_gpu_offers_close_ones() -> None:
    with pytest.raises(UserError) as caught:
        find_gpu("rtx 4900")
    assert "rtx-4090" in caught.value.message


def test_nonsense_still_names_some_cards_in_both_languages() -> None:
    for language in ("zh", "en"):
        use_language(language)
        try:
            with pytest.raises(UserError) as caught:
                find_model("!?")
        finally:
            use_language(None)
        assert caught.value.message.count(",") >= 2


def _all_names(card: ModelCard | GpuCard) -> list[str]:
    hub = [plain(card.hub_id)] if isinstance(card, ModelCard) else []
    return [*names_of(card), *hub]
